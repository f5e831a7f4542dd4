"""Random numbers by name: every draw of a study follows from its seed, by a stream of its own."""

from __future__ import annotations

from typing import Literal

import numpy as np

Stream = Literal[
    "model",
    "folds",
    "fold fits",
    "intervals",
    "bootstraps",
    "permutations",
    "bootstrap model",
    "table tests",
    "network probe",
    "subgroups",
    "planned validation",
    "perturbed copies",
    "visits",
]

# The number of each stream, beside the seed. A number is never used for a second purpose, nor
# changed: the results of every study would change with it. A new stream takes the next one.
NUMBER: dict[Stream, int] = {
    "model": 0,  # inner folds of the recipe that is fitted to all cases
    "folds": 1,  # folds of nested cross-validation
    "fold fits": 2,  # inner folds of the recipe without one fold, or without one centre
    "intervals": 3,  # resampled patients, for intervals without a formula
    "bootstraps": 4,  # samples of the optimism bootstrap, and the fits to them
    "permutations": 5,  # permuted outcomes of the null check, and the fits to them
    "bootstrap model": 6,  # the optimism bootstrap's own fit to all cases, where none is given
    "table tests": 7,  # simulated p values of Table 1
    "network probe": 8,  # images by which a network of one's own is tried
    "subgroups": 9,  # resampled patients, for the net benefit in subgroups
    "planned validation": 10,  # the population by which a validation is planned
    "perturbed copies": 11,  # what copies of images and regions differ in
    "visits": 12,  # times of events that lie between two visits, as far as any are needed
}


def seeds(seed: int, stream: Stream) -> np.random.SeedSequence:
    """Return the root of a stream, to spawn one seed for each task from.

    Parameters
    ----------
    seed
        Of the study, >= 0.
    stream
        What the numbers are for; streams of one seed are independent of one another.
    """
    return np.random.SeedSequence([seed, NUMBER[stream]])


def generator(seed: int, stream: Stream) -> np.random.Generator:
    """Return a stream's source of random numbers, from its start; arguments as `seeds`."""
    return np.random.default_rng(seeds(seed, stream))
