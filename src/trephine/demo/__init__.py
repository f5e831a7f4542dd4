"""The simulated cohort that Trephine ships with."""

from trephine.demo.files import write_demo_study

__all__ = ["write_demo_study"]
