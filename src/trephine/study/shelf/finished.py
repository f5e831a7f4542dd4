"""What a study's results folder holds, for whoever shows it: the main numbers and the files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trephine.errors import InputError
from trephine.facts import Facts, read_facts
from trephine.paths import held_inside, irregular

Section = Literal["page", "document", "tables", "figures", "model", "numbers"]

_MOST_FILES = 2000
_MOST_ZIPPED = 256 << 20
# A study of a thousand cases has facts of some 20 MB.
_MOST_FACTS = 256 << 20
_COIN = 0.5


@dataclass(frozen=True)
class Claim:
    """A C-index, with its 95 % interval where it has one."""

    model: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def beats_chance(self) -> bool:
        """Whether its whole interval lies above 0.5, what tossing a coin gives."""
        return self.low is not None and self.low > _COIN


@dataclass(frozen=True)
class Headline:
    """What a study comes to.

    Attributes
    ----------
    title, outcome, event
        Of the study.
    cases, patients, events
        Analysed.
    unseen
        Of the sound protocol's main model in patients that it has not seen (nested
        cross-validation); None where that was not fitted.
    usual
        What the published protocol claims of its main model, on the cases that it was fitted to.
    chance
        Median of what the published protocol claims where there is nothing to find, and the value
        that one shuffled study in twenty passes.
    simulated
        A sentence where the data are simulated.
    warnings
        Of the run, a sentence each.
    """

    title: str
    outcome: str
    event: str
    cases: int
    patients: int
    events: int
    unseen: Claim | None
    usual: Claim | None
    chance: Claim | None
    simulated: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ResultFile:
    """A file of the results folder.

    Attributes
    ----------
    section
        What it belongs to.
    place
        From the results folder, with slashes.
    size
        In bytes.
    """

    section: Section
    place: str
    size: int


def read_headline(results: Path) -> Headline:
    """Return what a study comes to, from its facts.

    Parameters
    ----------
    results
        A results folder.

    Raises
    ------
    InputError
        If it holds no facts, or such that do not fit.
    """
    file = results / "facts.json"
    if file.is_file() and file.stat().st_size > _MOST_FACTS:
        raise InputError(
            f"facts: expected at most {_MOST_FACTS >> 20} MiB, found more; run the study again"
        )
    facts = read_facts(file)
    study, flow = facts.study, facts.flow
    return Headline(
        title=study.title,
        outcome=study.outcome_name,
        event=study.event_noun,
        cases=flow.analysed.cases,
        patients=flow.analysed.patients,
        events=flow.events,
        unseen=_claim(facts, apparent=False),
        usual=_claim(facts, apparent=True),
        chance=_chance(facts),
        simulated=study.simulated_note if study.simulated else "",
        warnings=tuple(f"{one.where}: {one.text}" for one in facts.run.warnings),
    )


def page_policy() -> str:
    """Return the policy that a study's page is shown under; needs what draws it."""
    from trephine.report.html import report_policy

    return report_policy()


def _claim(facts: Facts, *, apparent: bool) -> Claim | None:
    from trephine.report.figures.assessed import headline_model

    for protocol in facts.study.protocols:
        if (protocol.judged == "apparent") is not apparent:
            continue
        model = headline_model(facts, protocol.name)
        for row in facts.performance:
            value = row.c_index.value
            key = (row.protocol, row.kind, row.model)
            if key == (protocol.name, protocol.judged, model) and value is not None:
                return Claim(model, value, row.c_index.low, row.c_index.high)
    return None


def _chance(facts: Facts) -> Claim | None:
    from trephine.report.figures.assessed import headline_model

    for protocol in facts.study.protocols:
        if protocol.judged != "apparent":
            continue
        model = headline_model(facts, protocol.name)
        for check in facts.null_check:
            if (check.protocol, check.kind, check.model) == (protocol.name, "apparent", model):
                return None if check.median is None else Claim(model, check.median, None, check.p95)
    return None


def result_files(results: Path) -> tuple[ResultFile, ...]:
    """Return the files of a results folder that a reader may want, and no other.

    Files that a link leads out of the folder to are left out.

    Parameters
    ----------
    results
        A results folder; nothing where there is none.
    """
    found = []
    for section, path in _wanted(results):
        try:
            held_inside(path, results)
            if irregular(path) is None:
                place = path.relative_to(results).as_posix()
                place.encode("utf-8")  # a name that is no text fits no address
                found.append(ResultFile(section, place, path.stat().st_size))
        except (InputError, OSError, UnicodeEncodeError):
            continue
    return tuple(found[:_MOST_FILES])


def _wanted(results: Path) -> Iterator[tuple[Section, Path]]:
    yield "page", results / "report.html"
    yield "document", results / "report.docx"
    yield "document", results / "references.bib"
    yield "model", results / "calculator.html"
    yield "numbers", results / "facts.json"
    for pattern in ("*.xlsx", "*.csv"):
        yield from (("tables", path) for path in sorted((results / "tables").glob(pattern)))
    for pattern in ("*.pdf", "*.png", "*.svg"):
        yield from (("figures", path) for path in sorted((results / "figures").glob(pattern)))


def model_of(results: Path) -> Path | None:
    """Return the locked model of a results folder; None where there is none."""
    return part_of(results, "model")


def page_of(results: Path) -> Path | None:
    """Return the page of a results folder; None where there is none."""
    known = [one.place for one in result_files(results) if one.section == "page"]
    return results / known[0] if known else None


def part_of(results: Path, part: str) -> Path | None:
    """Return a folder of the results; None where there is none, or a link leads elsewhere."""
    folder = results / part
    try:
        held_inside(folder, results)
    except InputError:
        return None
    return folder if folder.is_dir() else None


def zipped(folder: Path) -> bytes:
    """Return the files of a folder as a zip, as `trephine predict` takes a bundle.

    Files that a link leads out of the folder to are left out.

    Raises
    ------
    InputError
        If they are larger than a page should have to send.
    """
    out, left = io.BytesIO(), _MOST_ZIPPED
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*"))[:_MOST_FILES]:
            try:
                held_inside(path, folder)
                place = path.relative_to(folder).as_posix()
                place.encode("utf-8")  # a name that is no text
                if irregular(path) is not None:
                    continue
            except (InputError, OSError, UnicodeEncodeError):
                continue
            left -= path.stat().st_size
            if left < 0:
                raise InputError(
                    f"{folder.name}: expected files of at most {_MOST_ZIPPED >> 20} MiB, found"
                    " more; copy the folder itself"
                )
            archive.write(path, place)
    return out.getvalue()


__all__ = [
    "Claim", "Headline", "ResultFile", "model_of", "page_of", "page_policy", "part_of",
    "read_headline", "result_files", "zipped",
]  # fmt: skip
