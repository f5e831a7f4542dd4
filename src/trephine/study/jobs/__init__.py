"""A check or a run as a process of its own, and how others follow it."""
