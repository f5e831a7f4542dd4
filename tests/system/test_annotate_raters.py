"""Two raters and a consensus, each in the browser; and a page worked by keys alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from study.drawn_files import write_kinds
from system.browser import chromium, needs_chromium, until
from system.reading_page import Place, ReadingPage, annotating, lines_of
from trephine.annotation.journal import read_journal
from trephine.evaluation.agreement import compare_regions
from trephine.imaging import read_mask
from trephine.study.annotating.items import address_of_place
from trephine.study.annotating.workplace import open_workplace

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    needs_chromium,
]

# An answer then comes after the next key, and before what that key moved is sent.
SLOW_SENDING = """() => {
  const send = window.fetch;
  const wait = () => new Promise((done) => setTimeout(done, 400));
  const sent = (...given) => wait().then(() => send(...given));
  window.fetch = (...given) => (given[1]?.method === "POST" ? sent : send)(...given);
}"""


def rim(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    return [(x + radius, y), (x - radius, y), (x, y - radius)]


def test_two_raters_and_a_consensus_through_the_page(tmp_path: Path) -> None:
    write_kinds(tmp_path / "films")
    place = open_workplace(tmp_path / "films")
    item = place.items[address_of_place("plain")]
    circles = {"a": rim(22, 30, 14), "b": rim(24, 31, 13)}
    said = ""
    for rater, places in circles.items():
        with annotating(tmp_path / "films", rater) as (address, _), chromium() as browser:
            reading = ReadingPage.of(browser, address)
            reading.open("plain")
            assert reading.page.locator("#regions .name").count() == 0
            assert reading.page.locator("#comparing").is_hidden()
            reading.choose("R")
            reading.tool("c")
            reading.click(*places)
            reading.saved(1, place.journal(rater, item))
            reading.page.locator("#state").select_option("drawn")
            reading.saved(2, place.journal(rater, item))
            if rater == "b":
                until(lambda page=reading.page: page.locator("#comparing").is_visible(), "hidden")
                reading.page.locator("#compare").click()
                said = reading.page.locator("#comparison p:nth-of-type(2)").inner_text()
                reading.is_sound()
    masks = [read_mask(place.folder / name / "head" / "plain.nii.gz").labels == 1 for name in "ab"]
    dice = compare_regions(masks[1], masks[0], (0.2, 0.2)).dice
    found = re.search(r"Dice ([0-9.]+)", said)
    assert found is not None, said
    assert float(found[1]) == pytest.approx(dice, abs=5e-4)
    with annotating(tmp_path / "films", "consensus") as (address, _), chromium() as browser:
        reading = ReadingPage.of(browser, address)
        reading.open("plain")
        reading.page.locator("#compare").click()
        reading.page.get_by_role("button", name="Copy from b").click()
        reading.saved(1, place.journal("consensus", item))
        assert reading.errors == []
    agreed = read_mask(place.folder / "consensus" / "head" / "plain.nii.gz").labels == 1
    assert (agreed == masks[1]).all()


def test_a_head_is_drawn_moved_and_undone_by_keys_alone(tmp_path: Path) -> None:
    write_kinds(tmp_path / "films")
    place = open_workplace(tmp_path / "films")
    journal = place.journal("a", place.items[address_of_place("plain")])
    with annotating(tmp_path / "films") as (address, _), chromium() as browser:
        reading = ReadingPage.of(browser, address)
        reading.open("plain")
        keys = reading.page.keyboard
        reading.tool("c")
        for steps in (["Shift+ArrowLeft"] * 2, ["Shift+ArrowUp"], ["ArrowRight"] * 5):
            for key in steps:
                keys.press(key)
            keys.press("Space")
        reading.saved(1, journal)
        (part,) = next(iter(read_journal(journal).reading.regions.values())).parts
        points = part.shape.points  # type: ignore[union-attr]
        assert (points[1][0] - points[0][0], points[1][1] - points[0][1]) == (0, -10)
        assert (points[2][0] - points[1][0], points[2][1] - points[1][1]) == (5, 0)
        keys.press("v")
        handle = reading.page.locator("#overlay [data-key]").first
        handle.focus()
        keys.press("ArrowDown")
        keys.press("Shift+ArrowRight")
        said = reading.page.locator("#said")
        until(lambda: "Circle of" in said.inner_text(), "not announced")
        moved = (points[0][0] + 10, points[0][1] + 1)
        until(lambda: first_point(journal) == moved, "the handle is elsewhere")
        # Both keys are one operation, or two where the machine was slow between them.
        steps = len(lines_of(journal))
        reading.saved(steps, journal)
        for back in range(1, steps + 1):
            keys.press("Control+z")
            reading.saved(steps + back, journal)
        assert not read_journal(journal).reading.regions
        keys.press("Control+y")
        reading.saved(2 * steps + 1, journal)
        assert read_journal(journal).reading.regions
        assert reading.errors == []


def first_point(journal: Path) -> Place:
    (region,) = read_journal(journal).reading.regions.values()
    x, y = region.parts[0].shape.points[0]  # type: ignore[union-attr]
    return x, y


def test_a_handle_that_was_moved_by_keys_is_saved_whatever_is_pressed_next(tmp_path: Path) -> None:
    write_kinds(tmp_path / "films")
    place = open_workplace(tmp_path / "films")
    item = place.items[address_of_place("plain")]
    journal = place.journal("a", item)
    with annotating(tmp_path / "films") as (address, _), chromium() as browser:
        reading = ReadingPage.of(browser, address)
        reading.open("plain")
        reading.choose("R")
        reading.tool("c")
        reading.click(*rim(22, 30, 14))
        reading.saved(1, journal)
        x, y = first_point(journal)
        for step, key in enumerate(("b", "v", "v"), 1):
            reading.tool("v")
            reading.page.locator("#overlay [data-key]").first.focus()
            reading.page.keyboard.press("ArrowDown")
            assert reading.page.locator("#saved").get_attribute("data-state") == "saving"
            reading.page.keyboard.press(key)
            reading.saved(step + 1, journal)
            assert first_point(journal) == (x, y + step)
        # While the first is on its way to the disk, another one.
        reading.page.locator("#overlay [data-key]").first.focus()
        reading.page.evaluate(SLOW_SENDING)
        for _ in range(3):
            reading.page.keyboard.press("ArrowRight")
            reading.page.wait_for_timeout(650)
        until(lambda: first_point(journal) == (x + 3, y + 3), "a step was lost")
        assert reading.errors == []
