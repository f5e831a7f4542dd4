"""What in a study's table is to be looked at, and when too few cases are left of it."""
