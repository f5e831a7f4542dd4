"""A study is one file: its sections, their defaults, and how the file is read."""

from trephine.plan.reading import read_plan
from trephine.plan.sections import StudyPlan

__all__ = ["StudyPlan", "read_plan"]
