"""A study file and its data as a person corrects them by choices, hand and page in step."""
