"""Whether a study's numbers hold where the truth is known, at the shipped defaults.

Each simulated study is judged as `trephine run` judges it (10 x 5 nested cross-validation, 200
bootstrap samples, and on noise the null check), and held against the same fitted recipe on 5,000
fresh cases. A study is one row of `results/honesty.csv`, appended when it is done: the script goes
on where it, or an earlier session, was stopped, and rows of other recipes or settings stay but do
not count. `results/honesty.md` is made of the rows that do.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from simulated_features import EVENTS, ONE_HIP, TWO_HIPS, Truth, draw_with_risk, population
from simulated_features import true_survival as survival_of
from trephine.evaluation.refit_interval import refit_interval
from trephine.modelling import protocols
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RECIPE_VERSION
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.plan.sections import ValidationSection
from trephine.streams import generator
from trephine.study.assess.training import TrainingLuck
from trephine.study.locked.intervals import WIDENING
from trephine.survival.concordance import harrell_concordance
from trephine.types import FloatArray
from trephine.validation.bootstrap_optimism import BootstrapValidation, bootstrap_validation
from trephine.validation.null_check import null_check
from trephine.validation.out_of_fold import out_of_fold_concordance, varies_within_folds
from trephine.validation.resampling import nested_cross_validation
from trephine.validation.tasks import Running

RESULTS = Path(__file__).parent / "results"
NAME = "Radiomics"
MODELS = ((NAME, ("radiomics",)),)
PUBLISHED = protocols.PUBLISHED.recipe(MODELS)
SOUND = protocols.SOUND.recipe(MODELS)
DEFAULT = ValidationSection()
HORIZONS = (24.0, 36.0)
FRESH, NEW = 5000, 400
TRUTHS: tuple[Truth, ...] = ("none", "sparse", "dense", "block")
HIPS = (120, 212, 500)
FEATURES = (30, 300, 2074)
# Fewer than a study's: p is uniform over 1/(B + 1), 2/(B + 1), ... whatever B, and each costs six
# fits.
PERMUTATIONS = 19
ONE_PROCESS = Running(1)
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One study; C-index and p are NaN where a model has no term, ``covered`` is a share."""

    recipe: int
    repeats: int
    bootstraps: int
    truth: str
    features: int
    hips: int
    seed: int
    apparent_published: float
    fresh: float
    nested: float
    low: float
    high: float
    low_judged_only: float
    high_judged_only: float
    plus_632: float
    minus_optimism: float
    covered_24: float
    covered_36: float
    null_p: float
    signature_p: float
    seconds: float

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it this study and no other."""
        names = ("recipe", "repeats", "bootstraps", "truth", "features", "hips", "seed")
        return tuple(str(getattr(self, name)) for name in names)

    @classmethod
    def of(cls, cells: dict[str, str]) -> Row:
        """Return the row that was written as these cells."""
        kinds = {"int": int, "float": float, "str": str}
        return cls(**{one.name: kinds[str(one.type)](cells[one.name]) for one in fields(cls)})


@dataclass(frozen=True)
class Study:
    """A training sample, fresh cases, and new ones with their true survival."""

    training: Cases
    fresh: Cases
    new: Cases
    true: FloatArray


def simulated(truth: Truth, features: int, hips: int, seed: int) -> Study:
    """Draw one study; about two thirds of its patients have one hip."""
    rng = np.random.default_rng([seed, features, hips, TRUTHS.index(truth)])
    of = population(truth, features, rng)
    size = hips / (2 * TWO_HIPS + ONE_HIP)
    two = round(TWO_HIPS * size)
    one = hips - 2 * two
    patient = np.r_[np.repeat(np.arange(two), 2), np.arange(two, two + one)]
    training, rate, _ = draw_with_risk(of, patient, rng, events=round(EVENTS * size))
    fresh, _, _ = draw_with_risk(of, np.arange(FRESH), rng, rate)
    new, _, risk = draw_with_risk(of, np.arange(NEW), rng, rate)
    return Study(training, fresh, new, survival_of(risk, rate, list(HORIZONS)))


class Clock:
    """Seconds of processor time by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, part: str, work: Callable[[], T]) -> T:
        """Do something and add its time to a part's."""
        start = time.process_time()
        done = work()
        self.seconds[part] = self.seconds.get(part, 0.0) + time.process_time() - start
        return done


def one_study(truth: Truth, features: int, hips: int, seed: int, clock: Clock) -> Row:
    """Judge one study as a run does, and hold it against the truth."""
    study = clock.time("drawing cases", partial(simulated, truth, features, hips, seed))
    training = study.training
    fitted = clock.time("fitting", lambda: fit_recipe(training, SOUND, generator(seed, "model")))
    published = clock.time(
        "published", lambda: fit_recipe(training, PUBLISHED, generator(seed, "model"))
    )
    nested = clock.time(
        "nested cross-validation",
        lambda: nested_cross_validation(
            training, SOUND, HORIZONS, repeats=DEFAULT.repeats, folds=DEFAULT.folds, seed=seed,
            running=ONE_PROCESS,
        ),
    )  # fmt: skip
    bootstrap = clock.time(
        "bootstraps",
        lambda: bootstrap_validation(
            training, SOUND, HORIZONS, bootstraps=DEFAULT.bootstraps, seed=seed,
            apparent=fitted.predict(training, HORIZONS), running=ONE_PROCESS,
        ),
    )  # fmt: skip
    judged = with_training = None
    reported = fitted.models[NAME]
    if reported.terms and varies_within_folds(nested, NAME):  # what a report prints a C-index of
        given = (training.survival, nested, NAME, training.patient)
        judged = out_of_fold_concordance(*given)
        luck = TrainingLuck(bootstrap, {NAME: reported.present}).error(NAME, "concordance")
        with_training = out_of_fold_concordance(*given, training_error=luck)
    null_p, signature_p = clock.time("null check", lambda: _chance(truth, training, fitted, seed))
    corrected = bootstrap.of(NAME, "concordance")
    nan = float("nan")
    return Row(
        recipe=RECIPE_VERSION,
        repeats=DEFAULT.repeats,
        bootstraps=DEFAULT.bootstraps,
        truth=truth,
        features=features,
        hips=hips,
        seed=seed,
        apparent_published=_c_index(published, training),
        fresh=_c_index(fitted, study.fresh),
        nested=with_training.value if with_training else nan,
        low=with_training.low if with_training else nan,
        high=with_training.high if with_training else nan,
        low_judged_only=judged.low if judged else nan,
        high_judged_only=judged.high if judged else nan,
        plus_632=corrected.by_632_plus.value,
        minus_optimism=corrected.corrected.value,
        **clock.time("new cases", lambda: _covered(study, fitted, bootstrap)),
        null_p=null_p,
        signature_p=signature_p,
        seconds=round(sum(clock.seconds.values()), 1),
    )


def _c_index(fitted: FittedRecipe, cases: Cases) -> float:
    score = fitted.predict(cases, [])[NAME].linear_predictor
    return harrell_concordance(cases.survival.time, cases.survival.event, score)


def _chance(truth: Truth, training: Cases, fitted: FittedRecipe, seed: int) -> tuple[float, float]:
    """Return p of the null check and of the signature; on noise only, where they are uniform.

    A signature that was left out has no p; it counts as 1, as a reader takes it.
    """
    if truth != "none":
        return float("nan"), float("nan")
    found = null_check(
        training, SOUND, permutations=PERMUTATIONS, folds=DEFAULT.folds, seed=seed,
        running=ONE_PROCESS,
    )  # fmt: skip
    kept = bool(fitted.models[NAME].terms)
    return (
        found.models[NAME].p_value,
        found.signatures.p_in_model(NAME, "radiomics") if kept else 1.0,
    )


def _covered(
    study: Study, fitted: FittedRecipe, bootstrap: BootstrapValidation
) -> dict[str, float]:
    """Return the share of new cases whose true survival lies in their printed interval."""
    refits = bootstrap.kept
    assert refits is not None
    said = fitted.predict(study.new, HORIZONS)[NAME].survival.survival_probability
    again = refits.survival(NAME, study.new.features, study.new.clinical)
    widening = WIDENING if fitted.models[NAME].signatures else 1.0
    interval = refit_interval(said, again, widening=widening)
    held = (interval.low <= study.true) & (study.true <= interval.high)
    shares = held.mean(axis=0)
    return {f"covered_{time:g}": float(s) for time, s in zip(HORIZONS, shares, strict=True)}


def read_rows(path: Path) -> dict[tuple[str, ...], Row]:
    """Return the studies that were done."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [Row.of(cells) for cells in csv.DictReader(lines)]
    return {row.key: row for row in rows}


def append(path: Path, row: Row) -> None:
    """Write one study behind the others."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Row)], lineterminator="\n")
        if new:
            writer.writeheader()
        cells = asdict(row).items()
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in cells})


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table's lines, one a truth and size."""
    for truth in TRUTHS:
        for features in FEATURES:
            for hips in HIPS:
                there = [
                    r for r in rows if (r.truth, r.features, r.hips) == (truth, features, hips)
                ]
                if there:
                    yield _line(there)


def _line(rows: Sequence[Row]) -> str:
    first = rows[0]

    def of(name: str) -> FloatArray:
        return np.array([getattr(row, name) for row in rows], dtype=float)

    fresh, nested = of("fresh"), of("nested")
    known = np.isfinite(nested)
    gap = (nested - fresh)[known]

    def mean(values: FloatArray, form: str) -> str:
        return f"{values[known].mean():{form}}" if known.any() else "–"

    off = _mean(gap, "+.4f") if known.any() else "–"

    def share(low: str, high: str) -> str:
        inside = ((of(low) <= fresh) & (fresh <= of(high)))[known]
        return _percent(inside)

    new_cases = [_mean(100 * of(name)) for name in ("covered_24", "covered_36")]
    small = [
        f"{np.mean(of(name) <= 0.05 + 1e-9):.0%}" if first.truth == "none" else "–"
        for name in ("null_p", "signature_p")
    ]
    return (
        f"| {first.truth} | {first.features} | {first.hips} | {len(rows)} ({int(known.sum())})"
        f" | {mean(of('apparent_published'), '.3f')} | {mean(nested, '.3f')}"
        f" | {mean(fresh, '.3f')} | {off} | {share('low', 'high')}"
        f" | {share('low_judged_only', 'high_judged_only')}"
        f" | {mean(of('plus_632') - fresh, '+.3f')} | {new_cases[0]} | {new_cases[1]}"
        f" | {small[0]} | {small[1]} |"
    )


def _percent(held: np.ndarray) -> str:
    """Return a share in percent with its standard error; none where nothing was held."""
    return _mean(100 * held.astype(float)) if held.size else "–"


def _mean(values: FloatArray, form: str = ".1f") -> str:
    error = np.std(values, ddof=1) / np.sqrt(values.size) if values.size > 1 else float("nan")
    return f"{values.mean():{form}} ± {error:{form.removeprefix('+')}}"


INTRODUCTION = (
    f"Sound recipe {RECIPE_VERSION} at the default, {DEFAULT.repeats} x {DEFAULT.folds} nested"
    f" cross-validation and {DEFAULT.bootstraps} bootstrap samples; hips of patients with frailty,"
    " 30 % with the event; ± standard error over studies. In brackets: studies that print a"
    " C-index, since a signature entered the shipped model; the columns up to .632+ are about them."
    f" Fresh: the shipped model on {FRESH:,} other cases. Interval: printed 95 % interval of the"
    " nested C-index; judged only: without the part for the training cases. New cases: of all"
    f" studies, the share of {NEW} cases whose true survival lies in the interval that `trephine"
    " predict` prints. p ≤ 0.05 on noise: of the null check and of"
    f" the signature, from {PERMUTATIONS} permuted outcomes; 5 % would be right. 200 studies of"
    " each truth and size are meant to be run; what is not in the table has not been. Made by"
    " `benchmarks/simulation_honesty.py` from `honesty.csv`."
)


def table(rows: Sequence[Row]) -> str:
    """Return the page."""
    return "\n".join(
        [
            "# Whether a study's numbers hold where the truth is known",
            "",
            INTRODUCTION,
            "",
            "| Truth | Features | Hips | Studies | Published, apparent | Nested | Fresh"
            " | Nested - fresh | Interval holds fresh, % | Judged only, % | .632+ - fresh"
            " | New cases 24, % | New cases 36, % | Null check p ≤ 0.05 | Signature p ≤ 0.05 |",
            "|---" * 15 + "|",
            *summary(rows),
            "",
        ]
    )


def current(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of this recipe at this default."""
    wanted = (RECIPE_VERSION, DEFAULT.repeats, DEFAULT.bootstraps)
    return [row for row in rows if (row.recipe, row.repeats, row.bootstraps) == wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200, help="of each truth and size")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--truths", nargs="+", choices=TRUTHS, default=TRUTHS)
    parser.add_argument("--hips", nargs="+", type=int, choices=HIPS, default=HIPS)
    parser.add_argument("--features", nargs="+", type=int, choices=FEATURES, default=FEATURES)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin none after")
    parser.add_argument("--rows", type=Path, default=RESULTS / "honesty.csv")
    parser.add_argument("--out", type=Path, default=RESULTS / "honesty.md")
    given = parser.parse_args()
    done, start = read_rows(given.rows), time.monotonic()
    wanted = [
        (truth, features, hips, seed)
        for seed in range(given.first_seed, given.first_seed + given.studies)
        for hips in given.hips
        for features in given.features
        for truth in given.truths
    ]
    for truth, features, hips, seed in wanted:
        key = (RECIPE_VERSION, DEFAULT.repeats, DEFAULT.bootstraps, truth, features, hips, seed)
        if tuple(map(str, key)) in done:
            continue
        if time.monotonic() - start > 60 * given.minutes:
            break
        clock = Clock()
        with threadpool_limits(1):
            row = one_study(truth, features, hips, seed, clock)
        append(given.rows, row)
        done[row.key] = row
        parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in clock.seconds.items())
        print(f"{truth} {features} {hips} {seed}: {parts} s", flush=True)
    given.out.write_text(table(current(list(done.values()))), encoding="utf-8")


if __name__ == "__main__":
    main()
