"""The whole road in a browser: from a messy workbook, images and masks to report and prediction.

What is clicked and typed here is all that a person does; no command but ``trephine desk``.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from openpyxl import Workbook
from playwright.sync_api import Browser, Error, Locator, Page, expect

from system.browser import PATIENCE_S, chromium, needs_chromium, until
from trephine.imaging import write_nifti
from trephine.types import Geometry, Image, Mask

PATIENCE_MS = 1000 * PATIENCE_S
N = 40

pytestmark = [
    pytest.mark.system,
    needs_chromium,
]

SMALL = """
[deep]
enabled = false

[radiomics.settings]
normalize = false
binWidth = 10.0
imageType = { Original = {} }
featureClass = { firstorder = ["Mean", "Variance", "Entropy", "Skewness"], glcm = ["Contrast"] }

[selection]
inner_folds = 3

[validation]
repeats = 2
folds = 3
bootstraps = 20
permutations = 10
interval_bootstraps = 50
"""


def write_hospital_folder(folder: Path) -> None:
    """Write a workbook as people keep it, with images and masks beside it."""
    rng = np.random.default_rng(4)
    folder.mkdir()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Hip collapse, department of orthopaedics", None])
    sheet.append([])
    sheet.append(
        [
            "No.",
            "Hip ID",
            "Age (years)",
            "性别",
            "ARCO",
            "Follow-up (months)",
            "Collapse",
            "Remarks",
        ]
    )
    for n in range(1, N + 1):
        grey, age = rng.normal(), int(rng.integers(25, 70))
        months = round(
            float(rng.exponential(40 * np.exp(-0.8 * grey - 0.02 * (age - 45)))) + 0.5, 1
        )
        sheet.append(
            [
                n, f"H{n:03d}", f"{age}岁" if n % 7 == 0 else age, "男" if n % 3 else "女",
                ["II", "IIIA", "iii a"][n % 3], min(months, 60.0), "yes" if months < 60 else "no",
                "moved away" if n % 9 == 0 else None,
            ]
        )  # fmt: skip
        write_hip(rng, folder, f"H{n:03d}", grey)
    book.save(folder / "follow-up.xlsx")


def write_hip(
    rng: np.random.Generator, folder: Path, name: str, grey: float = 0.0
) -> tuple[Path, Path]:
    """Write an image and its mask, each in a folder of its kind."""
    pixels = rng.normal(100 + 12 * grey, 8, (48, 48))
    mask = np.zeros((48, 48), dtype=np.bool_)
    mask[14:34, 12:36] = True
    plain = Geometry.plain((0.5, 0.5))
    paths = folder / "images" / f"{name}.nii.gz", folder / "masks" / f"{name}.nii.gz"
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(Image(pixels, plain), paths[0])
    write_nifti(Mask(mask, plain), paths[1])
    return paths


@dataclass
class Server:
    """``trephine desk`` in a process of its own, which can be killed."""

    folder: Path
    process: subprocess.Popen[str] | None = None
    addresses: list[str] = field(default_factory=list)

    def start(self) -> str:
        """Start it, and return the address that opens it."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trephine", "desk", str(self.folder), "--no-browser"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        return found[0]

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def run(self) -> dict[str, object]:
        """Return how the run stands, as its file says."""
        file = self.folder / ".trephine" / "study" / "run.json"
        state: dict[str, object] = json.loads(file.read_text("utf-8"))
        return state


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "hips"
    write_hospital_folder(folder)
    one = Server(folder)
    yield one
    if one.process is not None:
        one.kill()
    if (folder / ".trephine" / "study" / "run.json").exists():
        _end(one)


def _end(server: Server) -> None:
    """End a run that still goes on."""
    state = server.run()
    if state["status"] == "running":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(str(state["pid"])), signal.SIGKILL)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@dataclass
class Desk:
    """A page of the desk, and what a reader would complain of."""

    page: Page
    errors: list[str]

    @property
    def study(self) -> str:
        return self.page.url.rsplit("/", 1)[0]

    def go(self, room: str) -> None:
        rooms = self.page.get_by_role("navigation", name="Pages of this study")
        self.leads_on(rooms.get_by_role("link", name=room, exact=True))

    def press(self, name: str) -> None:
        self.leads_on(self.page.get_by_role("button", name=name, exact=True))

    def leads_on(self, what: Locator) -> None:
        """Click what leads to another page, and wait until that one is there."""
        with self.page.expect_navigation():
            what.click()

    def reload(self) -> None:
        """Load the page again, which may do so itself at that moment."""

        def loaded() -> bool:
            with contextlib.suppress(Error):
                self.page.reload()
                return True
            return False

        until(loaded, "not loaded again")

    def is_sound(self) -> None:
        """Look for what keeps people from using the page, in light and in dark, narrow and wide."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = Axe().run(self.page)
            serious = [
                (one["id"], one["nodes"][0]["html"][:200])
                for one in found.response["violations"]
                if one["impact"] in ("serious", "critical")
            ]
            assert serious == [], (self.page.url, scheme)
        self.page.emulate_media(color_scheme="light")
        for width in (390, 1280, 1920):
            self.page.set_viewport_size({"width": width, "height": 900})
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width, width
        self.page.set_viewport_size({"width": 1280, "height": 900})
        assert self.errors == []


def come_in(browser: Browser, address: str) -> Desk:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    desk = Desk(page, [])
    page.on("pageerror", lambda error: desk.errors.append(str(error)))
    page.goto(address)
    return desk


def test_from_a_messy_workbook_to_the_next_patient_without_a_terminal(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    desk = come_in(browser, server.start())
    desk.is_sound()
    the_table_becomes_a_study(desk)
    the_data_are_corrected(desk, server)
    the_check_finds_what_is_wrong(desk, server)
    desk = the_run_outlives_the_server(desk, server, browser)
    the_report_is_read(desk)
    the_model_predicts(desk, server, tmp_path)


def the_table_becomes_a_study(desk: Desk) -> None:
    desk.page.get_by_label("Table with one row per case").select_option("follow-up.xlsx")
    desk.press("Start a study from it")
    desk.page.wait_for_url("**/data")


def role_of(desk: Desk, column: str) -> str:
    group = desk.page.get_by_role("group", name=column, exact=True)
    return group.get_by_label("What it is").input_value()


def the_data_are_corrected(desk: Desk, server: Server) -> None:
    page, file = desk.page, server.folder / "study.toml"
    expected = {
        "No.": "out", "Hip ID": "case", "Age (years)": "clinical", "性别": "clinical",
        "ARCO": "clinical", "Follow-up (months)": "time", "Collapse": "event", "Remarks": "out",
    }  # fmt: skip
    assert {column: role_of(desk, column) for column in expected} == expected
    desk.is_sound()
    decided = page.get_by_role("button", name="Decided")
    while left := decided.count():
        desk.leads_on(decided.first)
        expect(decided).to_have_count(left - 1)
    page.get_by_label("Title", exact=True).fill("Hips of our department")
    page.get_by_label("Horizons").fill("24")
    page.get_by_label("Horizons").press("Tab")
    expect(page.locator("#saved")).to_have_text("Saved in the study file")
    until(lambda: tomllib.loads(file.read_text("utf-8"))["outcome"]["horizons"] == [24], "saved")
    sex = page.get_by_role("group", name="性别", exact=True).get_by_label("What it is")
    sex.select_option("out")
    until(lambda: "性别" not in tomllib.loads(file.read_text("utf-8"))["clinical"], "left out")
    desk.reload()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Hips of our department")
    assert role_of(desk, "性别") == "out"
    text = page.locator("#text")
    whole = re.sub(r"\[(deep|selection)\][^\[]*", "", text.input_value())
    text.fill(whole + SMALL)
    desk.reload()  # what is typed and not saved is not lost either
    expect(text).to_have_value(whole + SMALL)
    desk.press("Save the file")
    until(lambda: file.read_text("utf-8") == whole + SMALL, "saved by hand")
    expect(text).to_have_value(whole + SMALL)
    expect(page.get_by_role("heading", name="To fix in the study file")).to_have_count(0)


def the_check_finds_what_is_wrong(desk: Desk, server: Server) -> None:
    page = desk.page
    lost = server.folder / "masks" / "H007.nii.gz"
    lost.rename(server.folder / "H007.kept")
    desk.go("Check")
    desk.press("Check the study")
    desk.reload()
    link = page.get_by_role("link", name="row 10")
    expect(link).to_be_visible()
    desk.is_sound()
    desk.leads_on(link)
    expect(page.locator("#cell")).to_have_text("10")
    (server.folder / "H007.kept").rename(lost)
    desk.go("Check")
    desk.press("Check again")
    expect(page.get_by_role("heading", name="No problem found")).to_be_visible()
    desk.is_sound()


def the_run_outlives_the_server(desk: Desk, server: Server, browser: Browser) -> Desk:
    page = desk.page
    desk.go("Run")
    desk.press("Start the run")
    expect(page.locator("ol.stages progress").first).to_be_visible()
    desk.reload()
    expect(page.get_by_role("heading", name="The run is in progress")).to_be_visible()
    desk.is_sound()
    until(lambda: server.run()["status"] == "running", "started")
    first = int(str(server.run()["pid"]))
    server.kill()
    os.kill(first, 0)  # the run does not mind
    desk = come_in(browser, server.start())
    desk.leads_on(desk.page.get_by_role("link", name="Hips of our department"))
    expect(desk.page.get_by_role("heading", name=re.compile("The run"))).to_be_visible()
    until(lambda: server.run()["status"] == "done" or _is_resampling(server), "under way")
    server.kill()
    os.killpg(first, signal.SIGKILL)  # the power fails
    desk = come_in(browser, server.start())
    until(lambda: int(str(server.run()["pid"])) != first, "resumed by itself")
    desk.leads_on(desk.page.get_by_role("link", name="Hips of our department"))
    desk.go("Run")
    expect(desk.page.get_by_role("heading", name="The run is done")).to_be_visible()
    desk.is_sound()
    return desk


def _is_resampling(server: Server) -> bool:
    ledger = server.folder / "results" / "resampling.sqlite"
    return ledger.exists()


def the_report_is_read(desk: Desk) -> None:
    page = desk.page
    desk.go("Report")
    expect(page.get_by_role("heading", name="What holds in unseen patients")).to_be_visible()
    inside = page.frame_locator("iframe.page")
    expect(inside.get_by_role("heading", name="Hips of our department")).to_be_visible()
    desk.is_sound()
    for name in ("report.docx", "tables/tables.xlsx", "The locked model (zip)"):
        with page.expect_download() as waited:
            page.get_by_role("link", name=name, exact=True).click()
        path = waited.value.path()
        assert path is not None
        assert path.read_bytes()[:2] == b"PK", name
    desk.reload()
    expect(page.get_by_role("heading", name="In plain words")).to_be_visible()


def the_model_predicts(desk: Desk, server: Server, folder: Path) -> None:
    """Predict a patient who came later, and compare with the command line."""
    page = desk.page
    desk.go("Model")
    page.locator("#fields").wait_for()
    desk.is_sound()
    image, mask = write_hip(np.random.default_rng(9), folder, "next")
    given = {}
    for one in page.locator("#fields :is(input[type=number], select)").all():
        name = one.get_attribute("name")
        if name is None or name == "radiomics":
            continue
        if one.evaluate("one => one.tagName") == "SELECT":
            one.select_option(index=1)
        else:
            one.fill("52")
        given[name] = one.input_value()
    page.set_input_files("#image", str(image))
    page.set_input_files("#mask", str(mask))
    with page.expect_response(lambda one: one.url.endswith("/predict-image")) as answered:
        page.locator("#measure").click()
    found = answered.value.json()["prediction"]
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#upload-wrong")).to_be_empty()
    with (folder / "next.csv").open("w", newline="") as file:
        csv.writer(file).writerows([list(given), list(given.values())])
    out = folder / "next.json"
    command = [sys.executable, "-m", "trephine", "predict", str(server.folder / "results/model")]
    files = ["--image", str(image), "--mask", str(mask), "--clinical", str(folder / "next.csv")]
    subprocess.run([*command, *files, "--model", found["model"], "--json", str(out)], check=True)
    expected = json.loads(out.read_text("utf-8"))
    for name in ("linear_predictor", "scores", "risk_group"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9), name
    (at_24,) = expected["survival"].values()
    assert found["survival"]["24"] == pytest.approx(at_24, abs=1e-9)
    # The page's own arithmetic goes on from the scores that were measured.
    shown = f"{100 * (1 - at_24['value']):.1f} %"
    expect(page.locator("#horizons td").first).to_have_text(shown)
    assert desk.errors == []
