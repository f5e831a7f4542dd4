"""Regions and angles that a rater draws: shapes, their pixels, measures, and the journal."""
