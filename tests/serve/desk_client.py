"""A desk in memory over a folder, and a browser that has come in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
from starlette.testclient import TestClient

from trephine.serve.desk.app import create_desk
from trephine.serve.desk.aside import Aside
from trephine.serve.desk.pages import DeskSettings

STUDY = """[study]
title = "Hips"  # as the report is headed

[data]
table = "cases.csv"
columns = { case = "hip", time = "months", event = "died" }

[outcome]
horizons = [12, 24]

[clinical]
age = { unit = "years" }
stage = { levels = ["I", "II"] }
"""
ROWS = "hip,months,died,age,stage,sex\n" + "".join(
    f"h{n},{n % 30 + 1},{n % 2},{40 + n},{'I' if n % 3 else 'II'},{'男' if n % 2 else '女'}\n"
    for n in range(24)
)


class Desk:
    """A browser that came in by the address of the terminal."""

    def __init__(self, client: TestClient, addresses: list[str]) -> None:
        self.client, self.addresses = client, addresses
        place = urlsplit(addresses[0])
        self.first = client.get(f"{place.path}?{place.query}")

    def page(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-400:])
        return answer.text

    def mark(self) -> str:
        found = re.search(r'name="mark" value="([0-9a-f]+)"', self.page("/"))
        assert found is not None
        return found[1]

    def study(self) -> str:
        """Return where the only study's pages are."""
        found = re.search(r"(/studies/[a-z0-9-]+)/", self.page("/"))
        assert found is not None
        return found[1]

    def digest(self) -> str:
        found = re.search(r'name="digest" value="([0-9a-f]+)"', self.page(f"{self.study()}/data"))
        assert found is not None
        return found[1]

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data={"mark": self.mark(), **fields})


class Inline(Aside):
    """Asks in this process: another one takes seconds to start."""

    async def ask(self, function: Callable[..., Any], *given: object) -> Any:
        return function(*given)

    def warm(self, module: str) -> None:
        """Start no process: none is asked anything."""


@contextmanager
def desk_of(folder: Path) -> Iterator[Desk]:
    addresses: list[str] = []
    app = create_desk(DeskSettings(folder.resolve()), addresses.append, Inline(60, 1 << 33))
    with TestClient(app, base_url="http://127.0.0.1:8010", follow_redirects=False) as client:
        yield Desk(client, addresses)


def study_in(folder: Path, text: str = STUDY, table: str = ROWS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cases.csv").write_text(table, encoding="utf-8")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"
