"""A file exchanged for a link between a look and an opening leads nowhere, where Landlock holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from study.small_study import write_image_study
from trephine.landlock import close_files

SECRET = "CANARY-ELSEWHERE"
# A process gives up for good what it gives up: each of these is its own.
CAN_HOLD = "import sys; from trephine.landlock import close_files; sys.exit(not close_files(['/']))"


@pytest.fixture(scope="module", autouse=True)
def landlock() -> None:
    if subprocess.run([sys.executable, "-c", CAN_HOLD], check=False).returncode:
        pytest.skip("no Landlock on this system")


def asked(code: str, tmp_path: Path, *arguments: Path, **variables: str) -> str:
    """Return what a process prints whose temporary folder holds no other test's files."""
    (tmp_path / "temporary").mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "TREPHINE_CONFINED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment | variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return f"{done.returncode} {done.stdout}{done.stderr}"


# The check that every path goes through, and at once the exchange that it cannot see.
EXCHANGED = """
import sys
from pathlib import Path
from trephine.study.images import filling
from trephine import held
place, elsewhere, hold = sys.argv[2:5]
look = filling.held_inside
def exchanged(path, *given, **more):
    found = look(path, *given, **more)
    if found == Path(place) and not found.is_symlink():
        found.unlink()
        found.symlink_to(elsewhere)
    return found
filling.held_inside = exchanged
if hold == "no":
    held.close_files = lambda *given, **more: True
from trephine.cli import main
sys.argv[1:] = ["check", sys.argv[1]]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("hold", ["yes", "no"])
def test_a_link_put_in_place_after_the_look_is_not_followed(tmp_path: Path, hold: str) -> None:
    study = write_image_study(tmp_path / "study")
    place = (study.folder / "images" / "040.nii.gz").resolve()  # a case of its own
    elsewhere = tmp_path / "secret.nii.gz"
    elsewhere.write_bytes(place.read_bytes())
    told = asked(EXCHANGED, tmp_path, study.toml, place, elsewhere, Path(hold))
    assert place.is_symlink()
    if hold == "no":  # else it would not be the holding that refuses it
        assert told.startswith("0 "), told
    else:
        assert told.startswith("2 "), told
        assert "ermission denied" in told


HELD = """
import os, subprocess, sys
from pathlib import Path
from trephine.held import hold_to
study, secret, out = map(Path, sys.argv[1:4])
hold_to(study, out)
def tried(what):
    try:
        return str(what())
    except OSError as error:
        return type(error).__name__
(study / "inside").write_text("inside")
(out / "result").write_text("result")
(study / "inside").replace(out / "moved")
(study / "link").symlink_to(secret)
print("inside:", tried((out / "moved").read_text))
for path in (secret, study / "link", Path("/etc/passwd"), Path("/proc/1/environ"),
             Path(f"/proc/{os.getppid()}/environ"), Path("/proc/self/root") / secret):
    print("elsewhere:", tried(path.read_text))
print("written:", tried(lambda: secret.write_text("x")))
print("written:", tried(lambda: (study / "link").open("a").write("x")))
print("listed:", tried(lambda: os.listdir(secret.parent)))
print("child:", subprocess.run(["cat", secret], capture_output=True).returncode)
print("environment:", Path("/proc/self/environ").read_text(), dict(os.environ))
"""


def test_a_held_process_has_its_folders_and_nothing_else(tmp_path: Path) -> None:
    folder, secret, out = tmp_path / "study", tmp_path / "elsewhere" / "secret", tmp_path / "out"
    folder.mkdir()
    secret.parent.mkdir()
    secret.write_text(SECRET)
    told = asked(HELD, tmp_path, folder, secret, out, MY_DATABASE_URL=SECRET, OMP_NUM_THREADS="1",
                 TREPHINE_PACS_PASSWORD=SECRET, TREPHINE_MAX_PIXELS="77")  # fmt: skip
    assert SECRET not in told
    lines = [line.split(": ", 1) for line in told.removeprefix("0 ").splitlines()]
    by_name = {name: [answer for other, answer in lines if other == name] for name, _ in lines}
    assert by_name["inside"] == ["inside"]
    assert set(by_name["elsewhere"]) == {"PermissionError"}
    assert len(by_name["elsewhere"]) == 6
    assert by_name["written"] == ["PermissionError"] * 2
    assert by_name["listed"] == ["PermissionError"]
    assert by_name["child"] == ["1"]
    assert "TREPHINE_MAX_PIXELS" in by_name["environment"][0]
    assert secret.read_text() == SECRET
    assert (out / "result").read_text() == "result"


NOT_CONFINED = """
import os, sys
from pathlib import Path
from trephine.held import hold_to
hold_to(Path(sys.argv[1]))
print(Path(sys.argv[2]).read_text(), os.environ["MY_DATABASE_URL"])
"""


def test_who_is_not_confined_keeps_everything(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    told = asked(NOT_CONFINED, tmp_path, tmp_path / "study", tmp_path / "secret",
                 TREPHINE_CONFINED="0", MY_DATABASE_URL="kept")  # fmt: skip
    assert told == f"0 {SECRET} kept\n"
    assert not (tmp_path / "study").exists()


UNHELD = """
import logging, sys
from pathlib import Path
from trephine import held
logging.basicConfig()
held.close_files = lambda *given, **more: False
held.hold_to(Path(sys.argv[1]))
"""


def test_a_system_without_landlock_says_so(tmp_path: Path) -> None:
    assert "files stay open to this process" in asked(UNHELD, tmp_path, tmp_path)


def test_the_verbs_that_read_a_study_hold_themselves() -> None:
    from trephine import cli

    folder = Path(cli.__file__).parent
    reading = [path for path in folder.glob("*.py") if "study: Annotated" in path.read_text()]
    assert {path.stem for path in reading} >= {"check", "run", "agree", "validate"}
    for path in reading:
        assert "hold_to(" in path.read_text() or path.stem == "tidy", path.stem


def test_other_systems_than_linux_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert close_files([]) is False
