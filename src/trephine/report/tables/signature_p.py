"""What tables say below them about the p of what was learned from the same cases."""

from __future__ import annotations

from collections.abc import Iterable

from trephine.report.trace import Text, Trace

_TOO_OFTEN = (
    "takes the signature as given, although it was learned from the same cases, and rejects too"
    " often (Tibshirani and Efron 2002; Höfling and Tibshirani 2008)"
)


def signature_p_notes(numbers: Iterable[Trace]) -> tuple[Text, ...]:
    """Say where the p of signatures comes from, or why there is none.

    Parameters
    ----------
    numbers
        Facts with a p of signatures and of other terms alike.
    """
    learned = _learned(numbers)
    if learned is None:
        return ()
    if not learned.raw.permutations:
        return (
            (
                f"A signature has no p: its Wald test {_TOO_OFTEN}. Permuted outcomes would give"
                " one. The interval of its hazard ratio takes it as given too.",
            ),
        )
    return (
        (
            "p of a signature: share of outcomes, ",
            learned.permutations.show("count"),
            " permuted and the real one, on which the whole recipe gives it at least as large a"
            " ratio of coefficient to standard error; nothing, clinical variables included, has an"
            f" effect on permuted outcomes. Its Wald test {_TOO_OFTEN}; the interval of its hazard"
            " ratio takes it as given too.",
        ),
    )


def gain_p_notes(numbers: Iterable[Trace]) -> tuple[Text, ...]:
    """Say where the likelihood ratio's p comes from where models differ by a signature."""
    learned = _learned(numbers)
    if learned is None:
        return ()
    where = "Where the models differ by a signature, "
    if not learned.raw.permutations:
        return (
            (
                f"{where}the likelihood ratio has no p: its test {_TOO_OFTEN}. Permuted outcomes"
                " would give one.",
            ),
        )
    return (
        (
            f"{where}p of the likelihood ratio is the share of outcomes, ",
            learned.permutations.show("count"),
            " permuted and the real one, on which the whole recipe gains at least as much, since"
            f" its test {_TOO_OFTEN}.",
        ),
    )


def _learned(numbers: Iterable[Trace]) -> Trace | None:
    """Return the first fact about something learned; all of them rest on the same permutations."""
    return next((one for one in numbers if one.raw.permutations is not None), None)
