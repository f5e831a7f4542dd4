"""A tablet: fingers and a pen draw, pinch and move handles as a mouse does."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession

from study.drawn_files import write_kinds
from system.browser import chromium, needs_chromium, until
from system.reading_page import Place, ReadingPage, annotating, near
from trephine.annotation.journal import read_journal
from trephine.study.annotating.items import address_of_place
from trephine.study.annotating.workplace import open_workplace

pytestmark = [pytest.mark.system, pytest.mark.slow, needs_chromium]
RIM = [(22 + 12 * math.cos(a), 30 + 12 * math.sin(a)) for a in (0.2, 2.1, 4.0)]


def touch(fingers: CDPSession, kind: str, *places: Place) -> None:
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    fingers.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})


def pen(hand: CDPSession, kind: str, place: Place) -> None:
    button = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen", "force": 0.5}
    hand.send(
        "Input.dispatchMouseEvent", {"type": f"mouse{kind}", "x": place[0], "y": place[1], **button}
    )


def test_fingers_and_a_pen_draw_and_a_warning_moves_no_picture(tmp_path: Path) -> None:
    write_kinds(tmp_path / "films")
    place = open_workplace(tmp_path / "films")
    journal = place.journal("a", place.items[address_of_place("mirrored")])
    with annotating(tmp_path / "films") as (address, _), chromium() as browser:
        reading = ReadingPage.of(browser, address, (1024, 768), touch=True)
        reading.open("mirrored")
        hand = reading.page.context.new_cdp_session(reading.page)
        box = reading.page.locator("#viewport").bounding_box()
        reading.choose("R")
        reading.tool("c")
        for one in RIM:
            reading.page.touchscreen.tap(*reading.at(one))
        reading.saved(1, journal)
        (region,) = read_journal(journal).reading.regions.values()
        near(region.parts[0].shape.points, RIM, 0.3)  # type: ignore[union-attr]
        # This file runs from the patient's left to the right: R was drawn on the wrong half.
        assert "other side" in reading.page.locator("#notices").inner_text()
        assert reading.page.locator("#viewport").bounding_box() == box

        reading.tool("v")
        reading.page.touchscreen.tap(*reading.at(RIM[0]))
        at = reading.handle()
        touch(hand, "Start", at)
        for step in (5, 10, 20):
            touch(hand, "Move", (at[0] + step, at[1]))
        touch(hand, "End")
        reading.saved(2, journal)
        (region,) = read_journal(journal).reading.regions.values()
        assert region.parts[0].shape.points != RIM  # type: ignore[union-attr]

        reading.choose("L")
        reading.tool("b")
        pen(hand, "Pressed", reading.at((60, 30)))
        for x in (63, 66, 70):
            pen(hand, "Moved", reading.at((x, 33)))
        pen(hand, "Released", reading.at((70, 33)))
        reading.saved(3, journal)
        left = next(
            one for one in read_journal(journal).reading.regions.values() if one.side == "L"
        )
        near(left.parts[0].shape.points[0], (60, 30), 0.3)  # type: ignore[union-attr]

        def apart() -> float:
            one, other = reading.at((20, 30)), reading.at((70, 30))
            return math.dist(one, other)

        before = apart()
        x, y = reading.at((45, 35))
        reading.tool("h")
        touch(hand, "Start", (x - 40, y), (x + 40, y))
        touch(hand, "Move", (x - 80, y), (x + 80, y))
        touch(hand, "End")
        until(lambda: apart() == pytest.approx(2 * before, rel=0.05), "not pinched")
        reading.is_sound()
