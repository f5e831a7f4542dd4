"""``trephine annotate`` in a process of its own, and its page in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from system.browser import PATIENCE_S, until

Place = tuple[float, float]


@contextmanager
def annotating(path: Path, rater: str = "a") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the program, and give the address that opens its page."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trephine", "annotate", str(path), "--rater", rater, "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        yield found[0], process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@dataclass
class ReadingPage:
    """The page of a rater, as a hand works it."""

    page: Page
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        browser: Browser,
        address: str,
        size: tuple[int, int] = (1280, 900),
        touch: bool = False,
    ) -> ReadingPage:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, has_touch=touch)
        page.set_default_timeout(1000 * PATIENCE_S)
        made = cls(page)
        page.on("pageerror", lambda error: made.errors.append(str(error)))
        page.goto(address)
        made.shown(1)
        return made

    def shown(self, count: int) -> None:
        """Wait until so many pictures were shown since the page was loaded."""
        asked = "performance.getEntriesByName('picture-shown').length"
        until(lambda: self.page.evaluate(asked) >= count, "no picture")
        until(lambda: self.page.locator("#waiting").is_hidden(), "still opening")

    def open(self, name: str) -> None:
        before = self.page.evaluate("performance.getEntriesByName('picture-shown').length")
        if self.page.locator("#case-name").inner_text() != name:
            self.page.locator("#list button", has_text=name).first.click()
            self.shown(before + 1)

    def at(self, place: Place) -> Place:
        """Return where a place of the picture is on the screen."""
        box = self.page.locator("#viewport").bounding_box()
        assert box is not None
        x, y = self.page.evaluate("([x, y]) => window.reading.place(x, y)", list(place))
        return box["x"] + x, box["y"] + y

    def handle(self) -> Place:
        """Return where the middle of the first handle is on the screen.

        The page draws its handles anew after each change, so that the one that was found may be
        gone before it is measured.
        """
        first = self.page.locator("#overlay [data-key]").first
        seen: list[Place] = []

        def measured() -> bool:
            box = first.bounding_box()
            if box is not None:
                seen.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
            return box is not None

        until(measured, "no handle")
        return seen[0]

    def tool(self, key: str) -> None:
        self.page.locator("#viewport").focus()
        self.page.keyboard.press(key)

    def choose(self, side: str, region: str = "head", mode: str = "add") -> None:
        for name, value in (("#side", side), ("#region", region), ("#mode", mode)):
            self.page.locator(name).select_option(value)

    def click(self, *places: Place) -> None:
        for place in places:
            self.page.mouse.click(*self.at(place))

    def drag(self, *places: Place) -> None:
        self.page.mouse.move(*self.at(places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(place))
        self.page.mouse.up()

    def saved(self, revision: int, journal: Path) -> None:
        """Wait until the page says that a revision is saved and shows what follows from it."""
        until(lambda: journal.exists() and len(lines_of(journal)) >= revision, "not on disk")
        said = self.page.locator("#saved")
        until(lambda: said.get_attribute("data-state") == "saved", "not said to be saved")
        until(lambda: self.revision() >= revision, "not shown")

    def revision(self) -> int:
        found: int = self.page.evaluate("window.reading.revision()")
        return found

    def is_sound(self) -> None:
        """Look for what keeps people from using the page, light and dark."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = Axe().run(self.page)
            serious = [
                (one["id"], one["nodes"][0]["html"][:200])
                for one in found.response["violations"]
                if one["impact"] in ("serious", "critical")
            ]
            assert serious == [], (scheme, serious)
        self.page.emulate_media(color_scheme="light")
        assert self.errors == [], self.errors


def lines_of(journal: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a journal."""
    text = journal.read_bytes()
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def near(found: Any, wanted: Any, pixels: float) -> None:
    """Hold that a hand came where it was to come."""
    assert np.allclose(np.asarray(found), np.asarray(wanted), atol=pixels), (found, wanted)
