"""The studies of a folder and what the finished ones hold, for whoever shows them."""
