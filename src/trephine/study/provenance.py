"""Whether the files that a study read are still there as it read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trephine.study.extraction.extracted import ExtractedFeatures
from trephine.study.image_views import image_views
from trephine.study.images.fingerprints import Fingerprint, changed
from trephine.study.inputs import StudyInputs


def read_fingerprints(
    inputs: StudyInputs, extracted: ExtractedFeatures | None
) -> Mapping[Path, Fingerprint]:
    """Return the fingerprint of every file that was read."""
    return {**inputs.fingerprints, **(extracted.fingerprints if extracted else {})}


def roles_of(view: StudyInputs) -> list[tuple[str, str, tuple[Path, ...]]]:
    """Return images and masks by their role, with the pattern that leads to them.

    Parameters
    ----------
    view
        A study of one image per case, or one of `image_views`.
    """
    files, data = view.files, view.plan.data
    assert files is not None
    found: list[tuple[str, str, tuple[Path, ...]]] = [("images", data.image or "", files.images)]
    for role, patterns, readings in (
        ("masks of rater", data.raters, files.masks),
        ("second masks of rater", data.repeats, files.repeats),
    ):
        for rater, paths in readings.items():
            there = tuple(path for path in paths if path is not None)
            found.append((f"{role} {rater}", patterns[rater], there))
    return found


def changed_inputs(
    inputs: StudyInputs, extracted: ExtractedFeatures | None
) -> list[tuple[str, str]]:
    """Return a warning for each kind of input that is no longer what was analysed."""
    taken = read_fingerprints(inputs, extracted)
    kinds: dict[str, list[Path]] = {"study file and tables": list(inputs.fingerprints)}
    for key, view in image_views(inputs).items():
        for role, _, given in roles_of(view):
            kinds[f"{key} {role}" if key else role] = list(given)
    found = []
    for kind, paths in kinds.items():
        known = [path for path in paths if path in taken]
        count = changed(taken, known)
        if count:
            text = (
                f"{kind}: {count} of {len(set(known))} changed or went away while the study ran;"
                " the numbers and the fingerprints here are of the files as they were read"
            )
            found.append(("Inputs", text))
    return found
