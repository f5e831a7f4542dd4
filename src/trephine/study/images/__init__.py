"""A study's images and masks: found, opened, and held against its table and each other."""
