"""The studies in a folder, and how each of them stands."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from trephine.errors import InputError
from trephine.paths import held_inside, irregular, open_regular
from trephine.study.jobs.process import (
    Found,
    JobState,
    Verb,
    digest_of,
    job_file,
    lock_of,
    log_file,
    standing,
)
from trephine.study.shelf.size import FACTS, read_size

# Folders of studies that people keep are far fewer.
_MOST = 500
_MOST_BYTES = 1 << 20
_MAIN = "study"

Stand = Literal[
    "draft", "checked", "checking", "waiting", "running", "stopped", "interrupted", "failed",
    "changed", "done",
]  # fmt: skip


@dataclass(frozen=True)
class ShelvedStudy:
    """A study file, and how its study stands.

    Attributes
    ----------
    address
        A name of letters, digits and hyphens that is this file's alone.
    path
        Of the study file.
    place
        From the folder that was looked through.
    title
        Of the study, or of its folder where the file states none.
    stand
        How far it is.
    check, run
        How its last check and its last run ended; None where there was none.
    found
        What it starts from, where that is known.
    changed
        When the file or its work was last changed, in seconds since 1970.
    """

    address: str
    path: Path
    place: str
    title: str
    stand: Stand
    check: JobState | None
    run: JobState | None
    found: Found | None
    changed: float

    @property
    def results(self) -> Path:
        """Where its results lie."""
        return results_of(self.path)


@dataclass(frozen=True)
class Shelf:
    """What lies in a folder.

    Attributes
    ----------
    folder
        That was looked through, with its subfolders.
    studies
        By address.
    free
        Folders that hold tables and no study file, by address.
    astray
        Study files whose results or records a link leads out of the folder, or that have something
        else than a folder in their place. They are not opened.
    """

    folder: Path
    studies: dict[str, ShelvedStudy]
    free: dict[str, Path]
    astray: tuple[Path, ...] = ()

    def place(self, path: Path) -> str:
        """Return a path as pages show it: from the folder."""
        return path.relative_to(self.folder).as_posix()


def results_of(study: Path) -> Path:
    """Return the results folder of a study; two studies of one folder have one each."""
    name = "results" if study.stem == _MAIN else f"results-{study.stem}"
    return study.parent / name


def look_through(folder: Path) -> Shelf:
    """Find the study files of a folder and of its subfolders, and how each stands.

    What leads out of the folder by a link is not looked at.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder, found none")
    root = folder.resolve()
    studies: dict[str, ShelvedStudy] = {}
    free: dict[str, Path] = {}
    astray: list[Path] = []
    for inside in _folders(root):
        found = [path for path in _files(inside, root) if path.suffix == ".toml"]
        held = [path for path in found if path.stem == _MAIN or _is_study(path)]
        for path in held[: _MOST - len(studies)]:
            if not _keeps_inside(path):
                astray.append(path)
                continue
            one = _shelved(path, root)
            studies[one.address] = one
        if not held:
            free[address_of(inside, root)] = inside
    return Shelf(root, studies, free, tuple(astray))


def address_of(path: Path, root: Path) -> str:
    """Return a name for a path that fits an address and is this path's alone."""
    place = path.relative_to(root).as_posix()
    words = re.sub(r"[^a-z0-9]+", "-", place.removesuffix(".toml").lower())[:40].strip("-")
    return f"{words or 'here'}-{hashlib.sha256(os.fsencode(place)).hexdigest()[:8]}"


def _folders(root: Path) -> Iterator[Path]:
    yield root
    yield from sorted(one for one in root.iterdir() if one.is_dir() and _is_plain(one, root))[
        :_MOST
    ]


def _files(folder: Path, root: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_file() and _is_plain(one, root))


def _is_plain(path: Path, root: Path) -> bool:
    """Say whether a path is neither hidden nor a link that leads elsewhere."""
    if path.name.startswith("."):
        return False
    try:
        held_inside(path, root)
    except InputError:
        return False
    return True


def _keeps_inside(study: Path) -> bool:
    """Say whether what a study writes and shows lies beside its file, not where a link leads."""
    folder = study.parent
    results, records = results_of(study), [job_file(study, verb) for verb in get_args(Verb)]
    kept = [*records, *(log_file(study, verb) for verb in get_args(Verb)), *map(lock_of, records)]
    try:
        for path in (results, *kept):
            held_inside(path, folder)
        if any(path.exists() and irregular(path) is not None for path in kept):
            return False
        return not results.exists() or results.is_dir()
    except (InputError, OSError):
        return False


def _content(path: Path) -> dict[str, object]:
    """Return what a study file says; nothing where it cannot be read, as while it is edited."""
    try:
        with open_regular(path) as file:
            return tomllib.loads(file.read(_MOST_BYTES).decode("utf-8-sig"))
    except (InputError, OSError, ValueError, RecursionError):
        return {}


def _is_study(path: Path) -> bool:
    return isinstance(_content(path).get("data"), dict)


def _title(path: Path) -> str:
    section = _content(path).get("study")
    title = section.get("title") if isinstance(section, dict) else None
    return title.strip() if isinstance(title, str) and title.strip() else ""


def _shelved(path: Path, root: Path) -> ShelvedStudy:
    check, run = (standing(job_file(path, verb)) for verb in ("check", "run"))
    place = path.relative_to(root).as_posix()
    times = [path.stat().st_mtime, *(one.ended or one.asked for one in (check, run) if one)]
    found = next((one.found for one in (run, check) if one is not None and one.found), None)
    if found is None and (results_of(path) / FACTS).is_file():
        found = read_size(results_of(path))
    return ShelvedStudy(
        address=address_of(path, root),
        path=path,
        place=place,
        title=_title(path) or place,
        stand=_stand(path, check, run),
        check=check,
        run=run,
        found=found,
        changed=max(times),
    )


def _stand(path: Path, check: JobState | None, run: JobState | None) -> Stand:
    digest = digest_of(path)
    if run is not None and run.is_open:
        return "waiting" if run.status == "waiting" else "running"
    if check is not None and check.is_open:
        return "checking"
    if run is not None and run.digest == digest and run.status != "done":
        ends: dict[str, Stand] = {
            "failed": "failed", "stopped": "stopped", "interrupted": "interrupted",
        }  # fmt: skip
        return ends[run.status]
    if (results_of(path) / FACTS).is_file():
        # Of a run in a terminal there is no record of the study file as it was.
        known = run is not None and run.status == "done"
        return "changed" if known and run is not None and run.digest != digest else "done"
    if check is not None and check.status == "done" and check.digest == digest:
        return "checked"
    return "draft"
