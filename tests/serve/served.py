"""A server in memory with made-up models, and a client that names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2 as httpx
from starlette.testclient import TestClient

from serve.locked_models import locked_model
from trephine.serve.app import create_app
from trephine.serve.models import ServedModel
from trephine.serve.settings import ServeSettings
from trephine.study.locked import UploadedCase, calculator_content
from trephine.study.locked.apart import ApartAnswer

TOKEN = "a-token-of-these-tests-that-is-long"
CASE = {"age": 50, "stage": "I", "angle": 200, "arc_a": 90, "arc_b": 90.5}
GENES = {f"gene_{j}": float(j) for j in range(6)}
ANSWER: dict[str, Any] = {
    "model": "Whole", "protocol": "sound", "outcome": "overall survival", "unit": "months",
    "survival": {"12": {"value": 0.8, "low": 0.7, "high": 0.9}}, "linear_predictor": 0.1,
    "total_points": 10.0, "risk_group": "low", "warnings": [], "scores": {"expression": 0.5},
    "signed_by": None, "interval_note": "", "risk_of": "",
}  # fmt: skip


@dataclass
class Watching:
    """Stands in for the process of a prediction, and remembers what it was given."""

    seen: list[UploadedCase] = field(default_factory=list)
    contents: list[dict[str, bytes]] = field(default_factory=list)
    error: Exception | None = None
    lacking: tuple[str, ...] = ()
    ended: int = 0

    def predict(self, case: UploadedCase) -> ApartAnswer:
        self.seen.append(case)
        self.contents.append({one.name: one.read_bytes() for one in case.folder.iterdir()})
        if self.error is not None:
            raise self.error
        return ApartAnswer(ANSWER, {"": b"\x89PNG"}, self.lacking)

    def end(self) -> None:
        self.ended += 1


def served(watching: Watching | None = None) -> dict[str, ServedModel]:
    locked = locked_model()
    whole: Any = watching or Watching()
    return {
        "made-up": ServedModel("made-up", locked, calculator_content(locked), whole),
        "values": ServedModel("values", locked, calculator_content(locked), None),
    }


def client(
    watching: Watching | None = None,
    settings: ServeSettings | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    **changes: Any,
) -> TestClient:
    own = replace(settings or ServeSettings(), **changes)
    return TestClient(
        create_app(served(watching), own),
        base_url=f"{own.scheme}://localhost",
        headers=dict(headers or {}),
        raise_server_exceptions=False,
        follow_redirects=False,
    )


def upload(browser: TestClient, **texts: str) -> httpx.Response:
    files = {"image": ("Doe^Jane.dcm", b"picture"), "mask": ("../../mask", b"region")}
    return browser.post("/api/v1/models/made-up/predict-image", files=files, data=texts)
