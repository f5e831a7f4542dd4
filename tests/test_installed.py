"""The wheel and the source archive, in environments that hold nothing else.

The wheel is installed with all that it needs under the
newest other one that it says it runs on and that is there; there the comparisons with R and
PyRadiomics run, from the installed package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What the parity tests need besides the package.
TO_TEST = ("pytest>=8.3", "hypothesis>=6.112")
OTHERS = ("3.14", "3.13", "3.12")
pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Run outside the repository, without its paths."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command[:4]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and a source archive, built from what git would hand out."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    names = ("src", "pyproject.toml", "README.md", "LICENSE", "constraints.txt")
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        ignored = {"ignore": shutil.ignore_patterns("__pycache__")} if name == "src" else {}
        source.mkdir(exist_ok=True)
        copy(ROOT / name, source / name, **ignored)  # type: ignore[operator]
    venv.create(folder / "builder", with_pip=True)
    python = folder / "builder" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "hatchling", cwd=folder)
    run(python, "-m", "hatchling", "build", "-d", folder / "dist", cwd=source)
    return folder / "dist"


def files_of(wheel: Path) -> dict[str, int]:
    """Return the checksum of every file but those that name the archive."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            entry.filename: entry.CRC
            for entry in archive.infolist()
            if not entry.filename.endswith("RECORD")
        }


def test_the_source_archive_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (wheel,), (archive,) = built.glob("*.whl"), built.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    python = built.parent / "builder" / "bin" / "python"
    run(python, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "d", cwd=unpacked)
    (again,) = (tmp_path / "d").glob("*.whl")
    assert files_of(again) == files_of(wheel)
    shipped = {name for name in files_of(wheel) if name.startswith("trephine/")}
    package = ROOT / "src" / "trephine"
    compiled = ("__pycache__",)
    there = {
        f"trephine/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and not set(compiled) & set(path.parts)
    }
    assert shipped == there


def interpreters() -> list[str]:
    """Return the newest other interpreter that is there, or else that of these tests."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in OTHERS:
        places = [shutil.which(f"python{version}"), *sorted(kept.glob(f"{version}.*/bin/python"))]
        for place in places if version != own else ():
            if place and works(str(place), version):
                return [str(place)]
    return [sys.executable]


def works(python: str, version: str) -> bool:
    """Return whether a command is that interpreter, and not one that stands for none."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.strip() == version


@pytest.mark.parametrize("python", interpreters())
def test_the_wheel_gives_the_same_numbers_in_a_fresh_environment(
    python: str, built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    run(python, "-m", "venv", tmp_path / "fresh", cwd=tmp_path)
    own = tmp_path / "fresh" / "bin" / "python"
    constraints = ("--constraint", ROOT / "constraints.txt")
    run(own, "-m", "pip", "install", "--quiet", wheel, *TO_TEST, *constraints, cwd=tmp_path)
    run(own.with_name("trephine"), "--help", cwd=tmp_path)
    where = run(own, "-c", "import trephine; print(trephine.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(tmp_path / "fresh")
    # The tests alone: what they import is what was installed.
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("system"))
    parts = (ROOT / "pyproject.toml").read_text().split("\n\n")
    config = next(part for part in parts if part.startswith("[tool.pytest"))
    (tmp_path / "pyproject.toml").write_text(config)
    said = run(own, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/parity", cwd=tmp_path)
    assert " passed" in said
