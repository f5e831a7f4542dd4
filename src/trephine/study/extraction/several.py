"""Features of a study of one image per case, or of each of several, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from trephine.deep.last_block import LastBlock
from trephine.executors import Progress
from trephine.modelling.cases import FeatureSet
from trephine.store import FeatureStore
from trephine.study.batch.log import RunLog
from trephine.study.extraction.changes import with_changes
from trephine.study.extraction.extracted import ExtractedFeatures
from trephine.study.extraction.leaving_out import without_cases
from trephine.study.extraction.whole_study import Extraction, extract_all
from trephine.study.image_plans import RADIOMICS, earlier_images, imputed_images, set_name
from trephine.study.image_views import image_views
from trephine.study.inputs import StudyInputs


def extract_every_image(
    inputs: StudyInputs,
    store: FeatureStore,
    *,
    block: LastBlock | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    log: RunLog | None = None,
    retry: bool = False,
) -> Extraction:
    """Extract the features of every image and region of a study's cases.

    Parameters
    ----------
    inputs
        A study with images.
    store
        Where features are kept, those of all images together.
    block, workers, progress, log, retry
        As `extract_all`, which does each image; a block is that of a study of one image.

    Raises
    ------
    InputError
        As `extract_all`.
    """
    extract = partial(
        extract_all, store=store, workers=workers, progress=progress, log=log, retry=retry
    )
    if inputs.files is not None:
        return extract(inputs, block=block)
    while True:
        found: dict[str, ExtractedFeatures] = {}
        left = inputs
        for key, view in image_views(inputs).items():
            some, found[key] = extract(view)
            if some is not view:
                left = _without(inputs, view, some, key)
                break
        if left is inputs:
            return Extraction(inputs, _side_by_side(inputs, found))
        # A case that one image fails for leaves the others too; what they gave is in the store.
        inputs = left


def _without(inputs: StudyInputs, view: StudyInputs, some: StudyInputs, key: str) -> StudyInputs:
    """Return a study without the cases that one of its images left out."""
    stayed = set(some.case_ids)
    gone = [row for row, case in enumerate(inputs.case_ids) if case in set(view.case_ids) - stayed]
    said = [f"{key}: {remark}" for remark in some.remarks[len(view.remarks) :]]
    return without_cases(inputs, gone, said, said[0])[0]


def _side_by_side(inputs: StudyInputs, found: Mapping[str, ExtractedFeatures]) -> ExtractedFeatures:
    """Return the features of all images under the names that they have in the study."""
    sets = {}
    imputed = imputed_images(inputs.plan)
    for key, extracted in found.items():
        for kind, given in extracted.sets.items():
            name = set_name(key, kind)
            rows, n = inputs.images[key].cases, len(inputs.case_ids)
            own = replace(given, name=name, absent_is_mean=key in imputed)
            sets[name] = of_all_cases(own, rows, n)
    measured = dict(sets)
    for key, earlier in earlier_images(inputs.plan).items():
        name, before = set_name(key, RADIOMICS), set_name(earlier, RADIOMICS)
        sets[name] = with_changes(measured[name], measured[before])
    return ExtractedFeatures(
        sets=sets,
        image_notes=tuple(note for one in found.values() for note in one.image_notes),
        reasons={},
        weights_sha256="",
        reading_keys={},
        fingerprints={
            path: taken for one in found.values() for path, taken in one.fingerprints.items()
        },
        by_image=found,
    )


def of_all_cases(given: FeatureSet, rows: Sequence[int], n: int) -> FeatureSet:
    """Return features of some of n cases as those of all; the others have no value.

    Parameters
    ----------
    given
        Of the cases at ``rows``, in this order.
    rows, n
        Which cases these are, and of how many.
    """
    if list(rows) == list(range(n)):
        return given

    def spread(values: np.ndarray) -> np.ndarray:
        every = np.full((n, values.shape[1]), np.nan)
        every[list(rows)] = values
        return every

    return replace(
        given,
        values=spread(given.values),
        raters={rater: spread(values) for rater, values in given.raters.items()},
        repeats={rater: spread(values) for rater, values in given.repeats.items()},
        perturbed=tuple(spread(values) for values in given.perturbed),
    )
