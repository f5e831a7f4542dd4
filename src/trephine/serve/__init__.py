"""A locked model in the browser: the calculator, as one offline file and served.

This room computes nothing: it asks `trephine.study` and shows what it answers.
"""
