"""Finding and opening the images of a study of one image per case, or of each of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.errors import Problem
from trephine.executors import Progress
from trephine.plan import StudyPlan
from trephine.study.grey_scale import scale_problems
from trephine.study.image_plans import image_of, image_plans, imputed_images
from trephine.study.images.case_images import (
    MISSING,
    FoundImages,
    OpenedImages,
    find_images,
    open_images,
)
from trephine.study.images.files import CaseFiles
from trephine.study.images.fingerprints import Fingerprint
from trephine.study.images.frames import other_frames
from trephine.study.table.outcome import TableRows
from trephine.types import BoolArray


@dataclass(frozen=True)
class ImageFiles:
    """Files of one of several images and regions of a case.

    Attributes
    ----------
    plan
        That of a study with this image and this region alone.
    files
        Of the cases that have it.
    cases
        Positions of these among the study's cases.
    """

    plan: StudyPlan
    files: CaseFiles
    cases: tuple[int, ...]

    def take(self, rows: Sequence[int]) -> ImageFiles:
        """Return the files of the study's cases at ``rows``, each taken once at most."""
        place = {case: number for number, case in enumerate(self.cases)}
        some = [number for number, row in enumerate(rows) if row in place]
        files = self.files.take([place[rows[number]] for number in some])
        return ImageFiles(self.plan, files, tuple(some))


@dataclass(frozen=True)
class EveryImage:
    """What was found and opened of all images of a study, by the keys of `image_plans`.

    Attributes
    ----------
    plans
        Of each.
    found
        Where they lie; empty where something is wrong with that.
    opened
        What opening them showed; empty before that.
    problems
        What is wrong.
    fingerprints
        Of the list of files.
    imputed
        Keys of the images that a case may lack: those are cases without its features.
    drawn_on
        The image on which another's regions were drawn, by the other's name.
    """

    plans: Mapping[str, StudyPlan]
    found: Mapping[str, FoundImages] = field(default_factory=dict)
    opened: Mapping[str, OpenedImages] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    fingerprints: Mapping[Path, Fingerprint] = field(default_factory=dict)
    imputed: frozenset[str] = frozenset()
    drawn_on: Mapping[str, str] = field(default_factory=dict)

    @property
    def remarks(self) -> Iterator[str]:
        """What is worth knowing, one sentence each."""
        keys: dict[tuple[str, str], list[str]] = {}
        for key, one in self.opened.items():
            for remark in one.remarks:
                keys.setdefault((image_of(key), remark), []).append(key)
        for (image, remark), own in keys.items():
            # What is so for every region of an image is said once.
            name = own[0] if len(own) == 1 else image
            yield f"{name}: {remark}" if name else remark

    @property
    def unchanged(self) -> tuple[int, int]:
        """How many images an earlier check had opened already, of how many."""
        each = [one.unchanged for one in self.opened.values()]
        return sum(same for same, _ in each), sum(total for _, total in each)

    @property
    def left_out(self) -> list[tuple[str, BoolArray]]:
        """Reasons with the cases that each leaves out, shape (n,), where the plan goes on."""
        found: dict[str, BoolArray] = {}
        for key, one in self.opened.items():
            for reason, out in one.left_out:
                if key in self.imputed and reason == MISSING:
                    continue
                named = f"{image_of(key)}: {reason[0].lower()}{reason[1:]}" if key else reason
                found[named] = found[named] | out if named in found else out
        return list(found.items())

    @property
    def files(self) -> CaseFiles | None:
        """Files of every row of the table, of a study of one image."""
        return self.opened[""].files if "" in self.opened else None

    def of_several(self, kept: Sequence[int]) -> dict[str, ImageFiles]:
        """Return the files of the rows at ``kept`` by image, of a study of several."""
        found = {}
        for key, one in self.opened.items():
            if key and one.files is not None:
                absent = self.found[key].missing
                some = [place for place, row in enumerate(kept) if not absent[row]]
                files = one.files.take([kept[place] for place in some])
                found[key] = ImageFiles(self.plans[key], files, tuple(some))
        return found


def find_every_image(plan: StudyPlan, frame: pd.DataFrame, rows: TableRows) -> EveryImage:
    """Look where the images and masks of all rows lie.

    Parameters
    ----------
    plan
        Of the study.
    frame, rows
        Its table, and the roles of its columns.
    """
    plans = image_plans(plan)
    imputed = imputed_images(plan)
    found: dict[str, FoundImages] = {}
    problems: list[Problem] = []
    prints: dict[Path, Fingerprint] = {}
    for key, alone in plans.items():
        one, more, of_list = find_images(_going_on(plan, alone, key), frame, rows)
        prints |= of_list
        problems += [named_for(problem, key) for problem in more]
        if one is not None:
            found[key] = _kept(one) if key in imputed else one
    problems += _same_files(found)
    problems += _scales(plans, found)
    return EveryImage(
        plans,
        {} if problems else found,
        problems=problems,
        fingerprints=prints,
        imputed=imputed,
        drawn_on={
            name: section.drawn_on
            for name, section in plan.images.items()
            if section.drawn_on is not None
        },
    )


def _scales(plans: Mapping[str, StudyPlan], found: Mapping[str, FoundImages]) -> Iterator[Problem]:
    """Report standard scales that would be learned from images of cases."""
    told: set[str] = set()
    for key, one in found.items():
        where = f"images.{image_of(key)}.radiomics" if key else "radiomics"
        if where not in told:
            told.add(where)
            yield from scale_problems(plans[key], one.files.images, where)


def _kept(found: FoundImages) -> FoundImages:
    """Return what was found of an image that a case may lack, in other words of those who do."""
    said = [one.replace("Left out, ", "Cases without it, ", 1) for one in found.remarks]
    return replace(found, remarks=said)


def _going_on(plan: StudyPlan, alone: StudyPlan, key: str) -> StudyPlan:
    """Return a plan that leaves out cases without this image, where the study's plan says so."""
    if not key or plan.images[image_of(key)].missing == "stop":
        return alone
    return alone.model_copy(update={"data": alone.data.model_copy(update={"failures": "skip"})})


def open_every_image(
    every: EveryImage, rows: TableRows, workers: int | None, progress: Progress | None
) -> EveryImage:
    """Open all images and masks of the rows that have an outcome."""
    opened = {
        key: open_images(found, every.plans[key], rows, workers, progress)
        for key, found in every.found.items()
    }
    problems = [named_for(problem, key) for key, one in opened.items() for problem in one.problems]
    problems += _apart(every, opened, rows)
    return replace(every, opened=opened, problems=problems)


def _apart(
    every: EveryImage, opened: Mapping[str, OpenedImages], rows: TableRows
) -> Iterator[Problem]:
    """Report images that do not lie in the space of the image on which their regions were drawn."""
    for name, drawn_on in every.drawn_on.items():
        one, other = (
            next(own for key, own in opened.items() if image_of(key) == image)
            for image in (name, drawn_on)
        )
        table = next(iter(every.plans.values())).data.table.name
        yield from other_frames(one.frames, other.frames, (name, drawn_on), rows, table)


def named_for(problem: Problem, key: str) -> Problem:
    """Return a problem of one of several images that says of which."""
    if not key:
        return problem
    if problem.table:
        return problem.in_table(f"{problem.table} (image {key})")
    where = problem.where
    for section in ("[data.", "[data]"):
        where = where.replace(section, section.replace("data", f"images.{image_of(key)}"))
    return replace(problem, where=where)


def _same_files(found: Mapping[str, FoundImages]) -> Iterator[Problem]:
    """Report two images whose patterns lead to one file for a case."""
    for (first, one), (second, other) in combinations(found.items(), 2):
        if image_of(first) == image_of(second):
            continue
        pairs = zip(one.files.images, other.files.images, strict=True)
        same = np.array([path == beside for path, beside in pairs])
        both = same & one.needed & other.needed
        if both.any():
            names = f"{image_of(first)} and {image_of(second)}"
            yield Problem(
                "study.toml [images]",
                f"a file of its own for each of {names}",
                f"one file for both, for {int(both.sum())} cases",
                "Correct one of the patterns; several regions of one image are its `regions`",
            )
