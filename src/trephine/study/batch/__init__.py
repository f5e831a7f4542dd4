"""Extraction of many regions: in shares, in batches, past cases that fail, with a log."""
