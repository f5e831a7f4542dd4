"""Assignment of cases to folds: by patient and balanced in events, or plainly at random."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.types import BoolArray, IntArray


def assign_folds(
    n_folds: int, cluster: npt.ArrayLike, event: BoolArray, rng: np.random.Generator
) -> IntArray:
    """Assign whole patients to folds that are alike in events, patients and cases.

    Patients are dealt in random order, those with most events first: each goes to the fold that
    has the fewest events so far, among these the fewest patients with as many events, then the
    fewest cases, then the lowest draw.

    Parameters
    ----------
    n_folds
        At least 2, at most half the number of patients.
    cluster
        Shape (n,), the patient of each case.
    event
        Shape (n,), True where the case had the event.
    rng
        Source of the order; the same state gives the same folds.

    Returns
    -------
    folds
        Shape (n,), 0 to ``n_folds`` - 1.

    Raises
    ------
    InputError
        Too few patients (a fold would hold one), or fewer patients with an event than folds.
    """
    labels, codes = np.unique(np.asarray(cluster), return_inverse=True)
    events = np.asarray(event, dtype=np.int64)
    if events.shape != codes.shape:
        raise InputError(
            f"folds: expected cluster and event of one length, found {codes.size} and {events.size}"
        )
    if n_folds < 2:
        raise InputError(f"folds: expected 2 at least, found {n_folds}")
    if labels.size < 2 * n_folds:
        raise InputError(
            f"folds: expected two patients a fold at least, found {labels.size} patients for"
            f" {n_folds} folds; ask for {labels.size // 2} folds or fewer"
        )
    n_events = np.bincount(codes, weights=events, minlength=labels.size).astype(np.int64)
    n_cases = np.bincount(codes, minlength=labels.size)
    with_event = int((n_events > 0).sum())
    if with_event < n_folds:
        raise InputError(
            f"folds: expected a patient with an event in each of {n_folds} folds, found"
            f" {with_event} patients with one; ask for fewer folds"
        )
    shuffled = rng.permutation(labels.size)
    order = shuffled[np.lexsort((-n_cases[shuffled], -n_events[shuffled]))]
    draw = rng.permutation(n_folds)
    fold_events = np.zeros(n_folds, dtype=np.int64)
    fold_patients = np.zeros(n_folds, dtype=np.int64)
    fold_cases = np.zeros(n_folds, dtype=np.int64)
    of_patient = np.empty(labels.size, dtype=np.int64)
    for who in order:
        by_events = fold_events if n_events[who] else np.zeros_like(fold_events)
        fold = int(np.lexsort((draw, fold_patients, fold_cases, by_events))[0])
        of_patient[who] = fold
        fold_events[fold] += n_events[who]
        fold_patients[fold] += 1
        fold_cases[fold] += n_cases[who]
    folds: IntArray = of_patient[codes]
    return folds


def random_folds(n_folds: int, n: int, rng: np.random.Generator) -> IntArray:
    """Assign n cases at random to folds of equal size, as ``cv.glmnet`` does by default.

    Neither patients nor events are looked at: for the published protocol only.

    Raises
    ------
    InputError
        Fewer than two folds, or fewer than two cases a fold.
    """
    if n_folds < 2:
        raise InputError(f"folds: expected 2 at least, found {n_folds}")
    if n < 2 * n_folds:
        raise InputError(f"folds: expected two cases a fold at least, found {n} for {n_folds}")
    return rng.permutation(np.arange(n) % n_folds)
