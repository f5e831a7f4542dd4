"""A study's results told as the facts that its report is made of."""

from trephine.study.facts.assemble import assemble_facts

__all__ = ["assemble_facts"]
