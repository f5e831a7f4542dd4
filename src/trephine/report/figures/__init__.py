"""The figures of the report, each drawn from facts alone."""
