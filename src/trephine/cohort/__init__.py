"""The clinical table: reading, types and levels, exclusions, femoral-head measures."""
