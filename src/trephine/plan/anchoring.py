"""The paths of a study file made absolute, from the folder that it lies in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.paths import fixed_folder, held_inside, is_confined
from trephine.plan.data_section import DataSection
from trephine.plan.features_sections import DeepSection, RadiomicsSection
from trephine.plan.held_limits import hold_limits
from trephine.plan.images_section import ImageSection
from trephine.plan.sections import StudyPlan


def anchored(plan: StudyPlan, folder: Path) -> StudyPlan:
    """Return the plan with its paths made absolute, from the study file's folder.

    Raises
    ------
    StudyProblemsError
        If a path names a home that is not there or, where study files are confined, leaves the
        folder.
    """
    place = _StudyFolder(folder)
    update: dict[str, Any] = {"data": place.data(plan.data)}
    if plan.features is not None:
        table = place.path(plan.features.table, "features.table")
        update["features"] = plan.features.model_copy(update={"table": table})
    if plan.radiomics.file is not None or plan.radiomics.standard_images is not None:
        update["radiomics"] = place.radiomics(plan.radiomics, "radiomics")
    if "deep" in plan.model_fields_set:  # a section that the file lacks must not seem asked for
        update["deep"] = place.deep(plan.deep, "deep")
    if plan.images:
        update["images"] = {name: place.image(name, one) for name, one in plan.images.items()}
    problems = [*place.problems, *hold_limits(plan.limits, "study.toml")]
    if problems:
        raise StudyProblemsError(problems)
    return plan.model_copy(update=update)


class _StudyFolder:
    """The folder of a study file, with what is wrong with paths that start there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._confined = is_confined()
        self.problems: list[Problem] = []

    def text(self, path: str, key: str) -> str:
        """Return a path, perhaps with fields, as it is from everywhere."""
        try:
            if self._confined:
                held_inside(fixed_folder(path) if "{" in path else path, self._folder)
            return str(self._folder / Path(path).expanduser())
        except (InputError, RuntimeError):
            inside = "a path in the study file's folder"
            expected = inside if self._confined else "a home that is there"
            found = "one that leads elsewhere"
            self.problems.append(Problem(f"study.toml [{key}]", expected, found))
            return path

    def path(self, path: Path, key: str) -> Path:
        """Return a path as it is from everywhere."""
        return Path(self.text(str(path), key))

    def patterns(self, given: Mapping[str, str], key: str) -> dict[str, str]:
        """Return the patterns of raters."""
        return {name: self.text(path, f"{key}.{name}") for name, path in given.items()}

    def data(self, data: DataSection) -> DataSection:
        """Return ``[data]``, which then knows the folder."""
        changed: dict[str, Any] = {
            "table": self.path(data.table, "data.table"),
            "image": self.text(data.image, "data.image") if data.image else None,
            "manifest": self.path(data.manifest, "data.manifest") if data.manifest else None,
            "outside": tuple(self.text(path, "data.outside") for path in data.outside),
            "measures": {
                name: self.path(path, f"data.measures.{name}")
                for name, path in data.measures.items()
            },
            "raters": self.patterns(data.raters, "data.raters"),
            "repeats": self.patterns(data.repeats, "data.repeats"),
        }
        return data.anchored(self._folder, changed)

    def radiomics(self, section: RadiomicsSection, key: str) -> RadiomicsSection:
        """Return a section of radiomics with its parameter file and the images of its scale."""
        changed: dict[str, Any] = {}
        if section.file is not None:
            changed["file"] = self.path(section.file, f"{key}.file")
        if section.standard_images is not None:
            path = self.text(section.standard_images, f"{key}.standard_images")
            changed["standard_images"] = path
        return section.model_copy(update=changed) if changed else section

    def deep(self, section: DeepSection, key: str) -> DeepSection:
        """Return a section of a network with its file."""
        found = section.resolved(self._folder)
        for name in ("backbone", "weights"):
            if getattr(section, name) != getattr(found, name):  # names a file
                self.text(getattr(section, name), f"{key}.{name}")
        assert isinstance(found, DeepSection)  # it is a copy
        return found

    def image(self, name: str, section: ImageSection) -> ImageSection:
        """Return one section of ``[images]``."""
        key = f"images.{name}"
        changed: dict[str, Any] = {
            "image": self.text(section.image, f"{key}.image"),
            "raters": self.patterns(section.raters, f"{key}.raters"),
            "repeats": self.patterns(section.repeats, f"{key}.repeats"),
        }
        if section.radiomics is not None:
            changed["radiomics"] = self.radiomics(section.radiomics, f"{key}.radiomics")
        if section.deep is not None:
            changed["deep"] = self.deep(section.deep, f"{key}.deep")
        return section.model_copy(update=changed)
