"""Processes that may hang or die: bytes to and from them, and what they give up beforehand.

Whatever a library without bounds of its own reads from strangers is read in such a process: Parquet
tables and shards, networks, new cases of a server.
"""
