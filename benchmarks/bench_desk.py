"""The desk in a browser: how soon its first page is there, films opened, windowed and kept in mind.

``python benchmarks/run.py desk``. Needs Debian's Chromium. Times of pictures are those of the
page's own clock; the page's memory is that of Chromium's process for it, in which pages that it
shares with others count in part (PSS).
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import numpy as np
from playwright.sync_api import Page
from scipy.ndimage import gaussian_filter

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from imaging.conftest import radiograph  # noqa: E402
from system.browser import chromium, until  # noqa: E402
from system.reading_page import ReadingPage, annotating  # noqa: E402

ROWS, COLUMNS, FILMS = 3000, 2500, 50
STARTS, DRAG_S = 4, 3.0
SHOWN = "performance.getEntriesByName('picture-shown')"


def write_films(folder: Path) -> None:
    """Write films of 12 bits, no two of which are the same."""
    rng = np.random.default_rng(8)
    soft = gaussian_filter(rng.standard_normal((ROWS // 10, COLUMNS // 10)), 12)
    base = np.kron(soft / np.abs(soft).max(), np.ones((10, 10))) * 1200 + 2000
    for number in range(FILMS):
        grain = rng.normal(0, 20, (64, COLUMNS))
        pixels = base + np.tile(grain, (ROWS // 64 + 1, 1))[:ROWS] + number
        film = radiograph(pixels.clip(0, 4095).astype(np.uint16), BitsStored=12, HighBit=11)
        film.save_as(folder / f"film{number:02d}.dcm", enforce_file_format=True)


def first_page(folder: Path) -> tuple[float, float]:
    """Return seconds from the command to its address, and to the page that it opens."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "trephine", "desk", str(folder), "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        told = time.perf_counter() - start
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        page = urllib.request.build_opener(cookies).open(found[0], timeout=30).read()
        assert b"<main" in page
        return told, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def page_mib(page: Page) -> float:
    """Return what the page's process holds."""
    session = page.context.browser.new_browser_cdp_session()  # type: ignore[union-attr]
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = []
    for one in processes:
        if one["type"] == "renderer":
            rollup = Path(f"/proc/{one['id']}/smaps_rollup").read_text()
            sizes.append(int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1]) / 1024)  # type: ignore[index]
    return max(sizes)


def dragged(page: Page) -> float:
    """Return the frames a second that are drawn while the grey window is dragged."""
    box = page.locator("#viewport").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.locator("#viewport").focus()
    page.keyboard.press("w")
    page.mouse.move(x, y)
    page.mouse.down()
    before, start, step = page.evaluate("window.reading.frames()"), time.perf_counter(), 0
    while time.perf_counter() - start < DRAG_S:
        step += 1
        page.mouse.move(x + 60 * np.sin(step / 9), y + 60 * np.cos(step / 7))
    seconds = time.perf_counter() - start
    frames = page.evaluate("window.reading.frames()") - before
    page.mouse.up()
    return float(frames / seconds)


def films_shown(reading: ReadingPage) -> list[float]:
    """Open one film after another; return seconds from each click to its picture."""
    page, seconds = reading.page, []
    for number in range(1, FILMS):
        page.evaluate("performance.clearMarks()")
        asked = page.evaluate("performance.now()")
        page.get_by_role("button", name="Next", exact=True).click()
        until(lambda: page.evaluate(f"{SHOWN}.length") > 0, f"film {number}")
        seconds.append((page.evaluate(f"{SHOWN}[0].startTime") - asked) / 1000)
        until(lambda: page.locator("#waiting").is_hidden(), "still opening")
    return seconds


def main() -> None:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "films"
        folder.mkdir()
        starts = [first_page(folder) for _ in range(STARTS)]
        write_films(folder)
        with chromium() as browser, annotating(folder) as (address, _):
            reading = ReadingPage.of(browser, address)
            first = reading.page.evaluate(f"{SHOWN}[0].startTime") / 1000
            frames = dragged(reading.page)
            later = films_shown(reading)
            held = page_mib(reading.page)
            assert reading.errors == []
    told, shown = (statistics.median(column) for column in zip(*starts, strict=True))
    lines = [
        "# The desk in a browser",
        "",
        f"Films of {ROWS} x {COLUMNS} pixels, 12 bits, not compressed; Chromium without a graphics"
        f" card on the same two cores. Load of the machine before: {load:.1f}. Pictures by the"
        " page's clock, from the address that is opened or the click. Memory: of the page's"
        " process (PSS).",
        "",
        "| what | measured |",
        "|---|---|",
        f"| `trephine desk` gives its address, after {STARTS} starts | {told:.2f} s median |",
        f"| its first page is there | {shown:.2f} s median |",
        f"| first picture of a film after the page was opened | {first:.2f} s |",
        f"| picture of each of the next {len(later)} films | {statistics.median(later):.2f} s"
        f" median, {max(later):.2f} s at most |",
        f"| frames a second while the grey window is dragged | {frames:.0f} |",
        f"| the page after {FILMS} films | {held:.0f} MiB |",
    ]
    (HERE / "results" / "desk.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines[6:]))


if __name__ == "__main__":
    main()
