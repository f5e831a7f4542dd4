"""Whose page it is: a workplace, a rater, and which windows are open on which image."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.exceptions import HTTPException

from trephine.errors import InputError
from trephine.serve.desk.aside import PROCESSES, Aside, ByName
from trephine.study.annotating.items import WorkItem, Workplace, rater_name
from trephine.study.annotating.rating import Ratings

OPEN_WORKPLACE = ByName("trephine.study.annotating.workplace", "open_workplace")
WARMED_UP = ByName("trephine.study.annotating.starting", "warmed_up")

# A place that was opened for a page serves it, if the page comes so soon.
_FRESH_S = 60.0

# A window that has not asked for so long is closed.
_GONE_S = 12.0
_WINDOW = re.compile(r"^[0-9a-f]{8,32}$")
_MOST_WINDOWS = 2_000


@dataclass
class Bench:
    """One rater's readings of one workplace.

    Attributes
    ----------
    ratings
        The journals.
    seen
        By image and window: when it was last heard of.
    """

    ratings: Ratings
    seen: dict[tuple[str, str], float] = field(default_factory=dict)

    def item(self, address: str) -> WorkItem:
        """Return an image by its address.

        Raises
        ------
        HTTPException
            404 where there is none.
        """
        found = self.ratings.workplace.item(address)
        if found is None:
            raise HTTPException(404)
        return found

    def others(self, address: str, window: str) -> bool:
        """Remember that a window is open on an image, and say whether another one is."""
        now = time.monotonic()
        self.seen = {key: at for key, at in self.seen.items() if now - at < _GONE_S}
        if _WINDOW.fullmatch(window) and len(self.seen) < _MOST_WINDOWS:
            self.seen = {key: at for key, at in self.seen.items() if key[1] != window}
            self.seen[address, window] = now
        return any(one == address and other != window for one, other in self.seen)

    def leave(self, window: str) -> None:
        """Forget a window that was closed."""
        self.seen = {key: at for key, at in self.seen.items() if key[1] != window}


async def ready_place(aside: Aside, path: Path, rater: str) -> Workplace:
    """Open what there is to draw on, with the image that a rater's page begins with.

    Raises
    ------
    InputError
        If there is nothing to draw on.
    """
    asked = (aside.ask(OPEN_WORKPLACE, path), aside.ask(WARMED_UP, None))
    place, _ = await asyncio.gather(*asked)
    rows = Ratings(place, rater).work_list()
    first = next((row for row in rows if row["state"] == "open"), rows[0])
    item = place.items[first["address"]]
    # Whichever process is asked for the picture has it.
    await asyncio.gather(*(aside.ask(WARMED_UP, item) for _ in range(PROCESSES)))
    found: Workplace = place
    return found


class Benches:
    """Benches by path and rater; a workplace is opened again when a page is.

    Parameters
    ----------
    aside
        Opens tables in other processes.
    places
        What was opened just now, by its path.
    """

    def __init__(self, aside: Aside, places: Mapping[Path, Workplace] | None = None) -> None:
        self._aside = aside
        self._places: dict[Path, Workplace] = dict(places or {})
        # Until when a place is as fresh as a page asks for; once.
        self._until = dict.fromkeys(self._places, time.monotonic() + _FRESH_S)
        self._benches: dict[tuple[Path, str], Bench] = {}

    async def place(self, path: Path, fresh: bool = False) -> Workplace:
        """Return what there is to draw on at a path.

        Raises
        ------
        InputError
            If there is nothing.
        """
        is_fresh = time.monotonic() < self._until.pop(path, 0.0) if fresh else True
        if not is_fresh or path not in self._places:
            self._places[path] = await self._aside.ask(OPEN_WORKPLACE, path)
        return self._places[path]

    async def bench(self, path: Path, rater: str, fresh: bool = False) -> Bench:
        """Return a rater's bench.

        Raises
        ------
        HTTPException
            404 where the rater's name is none.
        InputError
            If there is nothing to draw on.
        """
        try:
            rater_name(rater)
        except InputError:
            raise HTTPException(404) from None
        place = await self.place(path, fresh)
        known = self._benches.get((path, rater))
        if known is None or known.ratings.workplace is not place:
            known = Bench(Ratings(place, rater), known.seen if known else {})
            self._benches[path, rater] = known
        return known
