"""A study's results as the facts that its report is made of."""

from trephine.study.gather.assemble import assemble_facts

__all__ = ["assemble_facts"]
