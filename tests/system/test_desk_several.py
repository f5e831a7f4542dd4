"""A study of several images per case in the desk: drawn on, run, read and predicted from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from study.several_images import write_several_images
from system.browser import chromium, needs_chromium, until
from system.test_desk import PATIENCE_MS, Desk, Server, _end, come_in
from trephine.study.locked import NewCase, predict_case

pytestmark = [pytest.mark.system, needs_chromium]

CASES = 40
# Where pictures of the pages go, to be looked at; none are made without.
SHOTS = os.environ.get("TREPHINE_SHOTS")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "hips"
    folder.mkdir()
    write_several_images(folder, CASES)
    one = Server(folder)
    yield one
    if one.process is not None:
        one.kill()
    if (folder / ".trephine" / "study" / "run.json").exists():
        _end(one)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def shot(desk: Desk, name: str) -> None:
    """Keep pictures of a page, narrow to wide, light and dark."""
    if not SHOTS:
        return
    for scheme in ("light", "dark"):
        desk.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (390, 1280, 1920):
            desk.page.set_viewport_size({"width": width, "height": 900})
            desk.page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
    desk.page.emulate_media(color_scheme="light")
    desk.page.set_viewport_size({"width": 1280, "height": 900})


def test_several_images_of_a_case_from_the_data_to_the_next_patient(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    desk = come_in(browser, server.start())
    desk.leads_on(desk.page.get_by_role("link", name="Several images of a case"))
    desk.go("Data")
    desk.is_sound()
    shot(desk, "data")
    one_of_each_image_is_drawn_on(desk, server)
    desk.go("Run")
    desk.press("Start the run")
    until(lambda: server.run()["status"] not in ("waiting", "running"), "ended")
    assert server.run()["status"] == "done"
    # The page draws itself anew when the run ends: a click before that is lost with it.
    expect(desk.page.get_by_role("heading", name="The run is done")).to_be_visible()
    desk.go("Report")
    expect(desk.page.get_by_role("heading", name="What holds in unseen patients")).to_be_visible()
    desk.is_sound()
    shot(desk, "report")
    the_model_takes_a_file_for_each_image(desk, server, tmp_path)


def one_of_each_image_is_drawn_on(desk: Desk, server: Server) -> None:
    """Start a reading of a film and of a volume from the masks that are there, and finish it."""
    page = desk.page
    desk.go("Draw")
    room = page.url
    page.goto(f"{room.rstrip('/')}/a/")
    listed = page.locator("#list")
    for place, files in (("AP/001", ["head"]), ("T1/001", ["head", "lesion", "_regions"])):
        listed.get_by_text(place, exact=True).click()
        expect(page.locator("#case-name")).to_contain_text(place)
        page.get_by_role("button", name="Start from the existing mask").click()
        wanted = [server.folder / "annotations" / "a" / one / f"{place}.nii.gz" for one in files]
        until(lambda wanted=wanted: all(one.is_file() for one in wanted), f"masks of {place}")
        shot(desk, f"draw-{place[:2]}")
    assert desk.errors == []
    page.goto(room)


def the_model_takes_a_file_for_each_image(desk: Desk, server: Server, folder: Path) -> None:
    page = desk.page
    desk.go("Model")
    page.locator("#fields").wait_for()
    desk.is_sound()
    # The model may have chosen no clinical variable: then there is nothing to fill in.
    for one in page.locator("#f-age").all():
        one.fill("52")
    names = {"AP": "ap", "lateral": "lateral", "T1": "t1"}
    images = {name: server.folder / own / "003.nii.gz" for name, own in names.items()}
    masks = {name: server.folder / f"{own}-a" / "003.nii.gz" for name, own in names.items()}
    for kind, files in (("image", images), ("mask", masks)):
        for name, file in files.items():
            page.set_input_files(f'[id="{kind}.{name}"]', str(file))
    with page.expect_response(lambda one: one.url.endswith("/predict-image")) as answered:
        page.locator("#measure").click()
    found = answered.value.json()["prediction"]
    expect(page.locator("#result")).to_be_visible()
    shot(desk, "model")
    table = folder / "next.csv"
    table.write_text("age\n52\n", "utf-8")
    case = NewCase(images=images, masks=masks, clinical=table)
    said = predict_case(server.folder / "results" / "model", case, found["model"])
    assert found["linear_predictor"] == pytest.approx(said.linear_predictor, abs=1e-9)
    assert found["survival"] == json.loads(said.to_json())["survival"]
    assert re.search(r"\d", page.locator("#horizons").inner_text())
    assert desk.errors == []
