"""What every test of archives asks for, and with which key."""

from __future__ import annotations

from trephine.imaging.deidentify import PseudonymKey

KEY = PseudonymKey(b"a secret of some length")

ACCESSIONS = ("ACC1", "ACC2", "ACC3")


def no_sleep(_: float) -> None:
    return None
