"""A study's table: its cases and outcomes, what is doubtful in it, and its tidy form."""
