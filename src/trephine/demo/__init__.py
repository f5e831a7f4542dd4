"""The simulated cohort that Trephine ships with."""
