"""Tests between groups: Table 1 and what it rests on. Arrays only."""
