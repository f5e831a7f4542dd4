"""How large a study is that was run elsewhere than in the desk: from the beginning of its facts."""

from __future__ import annotations

import json
from pathlib import Path

from trephine.errors import InputError
from trephine.paths import open_regular
from trephine.study.jobs.process import Found

FACTS = "facts.json"

# Facts are megabytes, and a list of studies is shown at once: what is counted stands at their
# beginning, after the study's own words.
_BEGINNING = 1 << 20
_FLOW = '"flow":'


def read_size(results: Path) -> Found | None:
    """Return what a study started from; None where its facts do not say so.

    Parameters
    ----------
    results
        A results folder.
    """
    try:
        with open_regular(results / FACTS) as file:
            text = file.read(_BEGINNING).decode("utf-8", "ignore")
        # Within a text of the study the quotation marks would be escaped.
        place = text.index(_FLOW) + len(_FLOW)
        flow, _ = json.JSONDecoder().raw_decode(text[place:].lstrip())
        counted = {**flow["analysed"], "events": flow["events"]}
        return Found.model_validate({key: counted[key] for key in ("cases", "patients", "events")})
    except (InputError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
