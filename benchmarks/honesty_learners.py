"""Chooses the default learner with every set's own result left out, and writes the league table.

    make honesty

For each set, the candidate stands that was best on all the other sets: of those never more than
0.01 below plain ridge there, the one of the largest mean C. What it reaches on the set that took no
part is the candidate's honest result, and the peers' rows are beside it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from league_sets import FOLDER, KEPT, SETS, TRUTHS, read
from simulated_features import EVENTS, ONE_HIP, TWO_HIPS

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
RIDGE = "plain: a0"
SHIPPED = "clipped: weighed by deviance of 0 0.5 1"
BEFORE = "clipped, pruned, filtered: average of 0 1 2 4"
NET = "elastic net, mixture by deviance"
MOST_BELOW = 0.01
PEERS = ("forest", "boosting", "lifelines", "glmnet, ridge", "glmnet, elastic net", "glmnet, LASSO")
LEFT_OUT = "chosen without the set"


def scores() -> pd.DataFrame:
    """Return C by candidate and peer, one row a set and repeat."""
    table = pd.read_csv(RESULTS / "league.csv.gz").set_index(["set", "repeat"])
    if (RESULTS / "league_peers.csv").exists():
        peers = pd.read_csv(RESULTS / "league_peers.csv")
        table = table.join(peers.pivot_table("c", ["set", "repeat"], "peer"))
    return table


def eligible(table: pd.DataFrame) -> list[str]:
    """Return the candidates that were run on every set."""
    run = table.groupby("set").count() > 0
    return [name for name in table if name not in PEERS and run[name].all()]


def choose(gain: pd.DataFrame) -> str:
    """Return the candidate of the largest mean gain among those never far below ridge."""
    allowed = gain.loc[:, gain.min() >= -MOST_BELOW]
    return str(allowed.mean().idxmax())


def left_out(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return C of the candidate that the other sets choose, by set and repeat; and its name."""
    mean = table.groupby("set").mean()
    own = eligible(table)
    gain = mean[own].sub(mean[RIDGE], axis=0)
    chosen = {name: choose(gain.drop(index=name)) for name in gain.index}
    values = {key: table.loc[key, chosen[key[0]]] for key in table.index}
    return pd.Series(values, index=table.index), pd.Series(chosen)


def summary(table: pd.DataFrame, learners: dict[str, str], sets: list[str]) -> list[str]:
    """Return a line a learner: mean C, the gain over ridge with its errors, the worst set."""
    lines = [
        "| Learner | Sets | Mean C | Above plain ridge | SE by repeats | SE by sets | Worst set"
        " | Shipped default above it, same sets | SE by sets |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for label, column in learners.items():
        if column not in table:
            continue
        own = table.loc[table.index.isin(sets, level=0)]
        own = pd.DataFrame(
            {"c": own[column], "ridge": own[RIDGE], "shipped": own[SHIPPED]}
        ).dropna()
        gain = (own["c"] - own["ridge"]).to_frame("gain").reset_index()
        by_set = gain.groupby("set")["gain"].mean()
        if by_set.empty:
            continue
        counts = gain.groupby("set")["gain"].count()
        spread = gain.groupby("set")["gain"].var() / counts
        by_repeat = np.sqrt(spread.sum()) / len(by_set) if (counts > 1).all() else np.nan
        by_sets = by_set.std() / np.sqrt(len(by_set))
        lead = (own["shipped"] - own["c"]).groupby("set").mean()
        lead_error = lead.std() / np.sqrt(len(lead))
        shown = "–" if np.isnan(by_repeat) else f"{by_repeat:.4f}"
        lines.append(
            f"| {label} | {len(by_set)} | {own.groupby('set')['c'].mean().mean():.4f}"
            f" | {by_set.mean():+.4f} | {shown} | {by_sets:.4f}"
            f" | {by_set.min():+.3f} {by_set.idxmin()} | {lead.mean():+.4f} | {lead_error:.4f} |"
        )
    return lines


def described(name: str) -> str:
    """Return cases, events and columns of a set."""
    if name in TRUTHS:
        return f"{2 * TWO_HIPS + ONE_HIP} | {EVENTS} | 600"
    table = read(name)
    return f"{len(table.survival)} | {int(table.survival.event.sum())} | {len(table.columns)}"


def by_set(table: pd.DataFrame, learners: dict[str, str]) -> list[str]:
    """Return a line a set: C of each learner."""
    held = {label: column for label, column in learners.items() if column in table}
    lines = [
        f"| Set | Cases | Events | Columns | {' | '.join(held)} |",
        "|---" * (len(held) + 4) + "|",
    ]
    mean = table.groupby("set").mean()
    for name in [one for one in SETS if one in mean.index]:
        cells = [
            "–" if np.isnan(mean.loc[name, column]) else f"{mean.loc[name, column]:.3f}"
            for column in held.values()
        ]
        lines.append(f"| {name} | {described(name)} | {' | '.join(cells)} |")
    return lines


def protocols() -> list[str]:
    """Return published against sound on every set: what is reported, and what holds."""
    path = RESULTS / "league_protocols.csv"
    if not path.exists():
        return []
    table = pd.read_csv(path).groupby(["protocol", "set"]).mean().round(5)
    if not {"published", "sound"} <= set(table.index.get_level_values(0)):
        return []
    published, sound = table.loc["published"], table.loc["sound"]
    lines = [
        "| Set | Published, apparent | Published, held out | Difference | Sound, apparent"
        " | Sound, held out | Sound less published, held out |",
        "|---|---|---|---|---|---|---|",
    ]
    names = [name for name in SETS if name in published.index and name in sound.index]
    for name in names:
        p, s = published.loc[name], sound.loc[name]
        lines.append(
            f"| {name} | {p.apparent:.3f} | {p.held_out:.3f} | {p.apparent - p.held_out:+.3f}"
            f" | {s.apparent:.3f} | {s.held_out:.3f} | {s.held_out - p.held_out:+.3f} |"
        )
    p, s = published.loc[names].mean(), sound.loc[names].mean()
    lines.append(
        f"| **Mean of {len(names)}** | **{p.apparent:.3f}** | **{p.held_out:.3f}**"
        f" | **{p.apparent - p.held_out:+.3f}** | **{s.apparent:.3f}** | **{s.held_out:.3f}**"
        f" | **{s.held_out - p.held_out:+.3f}** |"
    )
    return lines


def fit_all(repeats: int) -> None:
    """Fit what is not there yet; every step goes on where it was stopped."""
    numbers = [str(repeat) for repeat in range(repeats)]
    for script, more in (
        ("league_fit.py", numbers),
        ("league_score.py", []),
        ("league_peers.py", ["0"]),
        ("league_protocols.py", ["0"]),
    ):
        asked = ["--repeats", *more] if more else []
        subprocess.run([sys.executable, HERE / script, *asked], check=True)


def write(out: Path) -> None:
    for name in KEPT:
        if (FOLDER / f"{name}.csv").exists():
            shutil.copy(FOLDER / f"{name}.csv", RESULTS / f"league_{name}.csv")
    table = scores()
    values, chosen = left_out(table)
    table = pd.concat([table, values.rename(LEFT_OUT)], axis=1)
    learners = {
        "**Shipped default**": SHIPPED,
        "Chosen without the set": LEFT_OUT,
        "Default before": BEFORE,
        "Plain ridge": RIDGE,
        "Elastic net": NET,
        "LASSO": "plain: e1",
        "Random survival forest": "forest",
        "Gradient boosting": "boosting",
        "lifelines, ridge": "lifelines",
        "glmnet, ridge": "glmnet, ridge",
        "glmnet, elastic net": "glmnet, elastic net",
        "glmnet, LASSO": "glmnet, LASSO",
    }
    present = [name for name in SETS if name in chosen.index]
    real = [name for name in present if name not in TRUTHS]
    counts = table.groupby("set")[RIDGE].count()
    folds = ", ".join(f"{k} repeats: {(counts == k).sum()} sets" for k in sorted(counts.unique()))
    wins = chosen.value_counts()
    gain = table.groupby("set").mean()
    own = eligible(table)
    overall = choose(gain[own].sub(gain[RIDGE], axis=0))
    text = [
        "# League of learners",
        "",
        "Harrell's C in held-out cases, pairs within outer folds: 5 folds by patient,"
        f" {folds}. On simulated truths (212 hips, 600 columns) a repeat is one training table,"
        " judged on 1,000 fresh cases. Every learner has the same splits. Made by `make honesty`;"
        " [the learner](../../docs/learner.md) says what the rows are.",
        "",
        f"## All {len(present)} sets",
        "",
        *summary(table, learners, present),
        "",
        f"## The {len(real)} real sets",
        "",
        *summary(table, learners, real),
        "",
        f"{len(own)} candidates took part in choosing. Over all sets the best that keeps within"
        f" {MOST_BELOW} of ridge is: {overall}. With one set left out the others choose "
        + "; ".join(f"{name} ({count} times)" for name, count in wins.items())
        + ".",
        "",
        "## Set by set",
        "",
        *by_set(table, learners),
    ]
    lines = protocols()
    if lines:
        text += ["", "## Published against sound", "", *lines]
    out.write_text("\n".join(text) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="write the table, fit nothing")
    given = parser.parse_args()
    if not given.table:
        fit_all(given.repeats)
    write(RESULTS / "league.md")


if __name__ == "__main__":
    main()
