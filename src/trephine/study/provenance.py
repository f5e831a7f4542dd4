"""Whether the files that a study read are still there as it read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trephine.study.extraction.extracted import ExtractedFeatures
from trephine.study.images.fingerprints import Fingerprint, changed
from trephine.study.inputs import StudyInputs


def read_fingerprints(
    inputs: StudyInputs, extracted: ExtractedFeatures | None
) -> Mapping[Path, Fingerprint]:
    """Return the fingerprint of every file that was read."""
    return {**inputs.fingerprints, **(extracted.fingerprints if extracted else {})}


def changed_inputs(
    inputs: StudyInputs, extracted: ExtractedFeatures | None
) -> list[tuple[str, str]]:
    """Return a warning for each kind of input that is no longer what was analysed."""
    taken = read_fingerprints(inputs, extracted)
    files = inputs.files
    kinds: dict[str, list[Path]] = {
        "study file and tables": list(inputs.fingerprints),
        "images": list(files.images) if files is not None else [],
    }
    for rater, masks in (files.masks if files is not None else {}).items():
        kinds[f"masks of rater {rater}"] = [path for path in masks if path is not None]
    for rater, again in (files.repeats if files is not None else {}).items():
        paths = [path for path in again if path is not None]
        kinds[f"second masks of rater {rater}"] = paths
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
