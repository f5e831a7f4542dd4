"""Fits the members of the league table and keeps them under .league; what is there is not redone.

python league_fit.py --group ridge --repeats 0 1 [--sets NSBCD ...]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from league_members import GROUPS, keep_members
from league_sets import FOLDER, SETS, fetch, splits


def place(name: str, repeat: int, group: str) -> Path:
    return FOLDER / "members" / f"{name}.{repeat}.{group}.npz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--repeats", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    given = parser.parse_args()
    fetch()
    (FOLDER / "members").mkdir(parents=True, exist_ok=True)
    for group in given.group:
        for repeat in given.repeats:
            for name in given.sets:
                path = place(name, repeat, group)
                if not path.exists():
                    began, used = time.monotonic(), time.process_time()
                    keep_members(splits(name, repeat), group, path)
                    spent = time.process_time() - used
                    took = time.monotonic() - began
                    print(f"{path.stem}: {took:.0f} s, {spent:.0f} s of processor", flush=True)


if __name__ == "__main__":
    main()
