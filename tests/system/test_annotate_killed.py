"""A server that is killed at any moment loses nothing that it had called saved."""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from study.drawn_files import DISC, put, write_kinds
from system.reading_page import annotating
from trephine.annotation.journal import read_journal
from trephine.study.annotating.items import address_of_place
from trephine.study.annotating.workplace import open_workplace

pytestmark = [pytest.mark.system, pytest.mark.slow]
KILLS = int(os.environ.get("TREPHINE_TEST_KILLS", "3"))


def draw_until_it_dies(address: str, said: list[int]) -> None:
    """Send one operation after another, and note each that was called saved."""
    place = urlsplit(address)
    base = f"http://{place.netloc}"
    case = f"/reading/cases/{address_of_place('plain')}"
    with httpx.Client(base_url=base, timeout=120.0, follow_redirects=True) as client:
        page = client.get(f"{place.path}?{place.query}").text
        found = re.search(r'"mark":"([0-9a-f]+)"', page)
        assert found is not None
        headers = {"x-trephine-csrf": found[1], "origin": base}
        revision = client.get(f"{case}/standing").json()["revision"]
        while True:
            shape = {**DISC, "centre": [20 + revision % 9, 30]}
            body = json.dumps({"revision": revision, "operation": put("r", "R", shape)})
            answer = client.post(f"{case}/operations", content=body, headers=headers)
            revision = answer.json()["revision"]
            said.append(revision)
            if revision % 7 == 0:
                client.get(f"{case}/reading")


def test_every_operation_that_was_called_saved_is_there_after_kills(tmp_path: Path) -> None:
    write_kinds(tmp_path / "films")
    place = open_workplace(tmp_path / "films")
    journal = place.journal("a", place.items[address_of_place("plain")])
    moments = random.Random(4)
    before = 0
    for _ in range(KILLS):
        said: list[int] = []
        with annotating(tmp_path / "films") as (address, process):

            def drawing(address: str = address, said: list[int] = said) -> None:
                with pytest.raises(httpx.HTTPError):
                    draw_until_it_dies(address, said)

            hand = threading.Thread(target=drawing)
            hand.start()
            while not said and hand.is_alive():
                time.sleep(0.01)
            time.sleep(moments.uniform(0.0, 1.0))
            process.kill()
            hand.join()
        assert said, "nothing was drawn"
        now = read_journal(journal)
        assert now.revision >= said[-1] > before
        before = now.revision
        mask = place.folder / "a" / "head" / "plain.nii.gz"
        assert not list(mask.parent.glob("*.part")) or mask.exists()
