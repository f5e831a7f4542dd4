"""A study's table and masks under pseudonyms."""
