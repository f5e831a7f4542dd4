"""The pages and the API answer as the command line does."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from starlette.testclient import TestClient

from serve.locked_models import locked_model
from serve.served import ANSWER, CASE, GENES, Watching, client, served, upload
from trephine.errors import BundleError, InputError, StudyProblemsError, WorkerError
from trephine.serve.answers import image_prediction
from trephine.serve.app import create_app
from trephine.serve.logs import LOG
from trephine.serve.metrics import Metrics
from trephine.serve.models import open_models
from trephine.serve.settings import ServeSettings
from trephine.serve.turns import Busy, Turns
from trephine.study.locked import predict_case
from trephine.study.locked.apart import ApartAnswer

MODEL = "/api/v1/models/made-up"


def test_the_api_predicts_what_the_command_line_predicts() -> None:
    said = client().post(f"{MODEL}/predict", json={"clinical": CASE, "features": GENES})
    assert said.status_code == 200
    assert said.json() == json.loads(predict_case(locked_model(), CASE | GENES).to_json())


def test_numbers_and_their_texts_predict_the_same() -> None:
    words = {name: repr(float(value)) for name, value in GENES.items()}
    typed = {name: float(value) for name, value in GENES.items()}
    asked = [predict_case(locked_model(), CASE | genes).to_json() for genes in (typed, words)]
    assert asked[0] == asked[1]
    with pytest.raises(StudyProblemsError, match="a number"):
        predict_case(locked_model(), CASE | {**typed, "gene_1": float("inf")})


def test_the_models_are_listed_with_what_they_need() -> None:
    first, second = client().get("/api/v1/models").json()
    assert (first["id"], first["models"]) == ("made-up", ["Whole", "Clinical"])
    assert first["columns"] == ["stage", "age", "angle", "arc_a", "arc_b"]
    assert (first["reads_images"], second["reads_images"]) == (True, False)
    content = client().get(MODEL).json()
    assert content["models"][0]["name"] == "Whole"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"clinical": {**CASE, "age": 130}, "features": GENES}, "the values of the case"),
        ({"clinical": {}, "features": GENES}, "stage"),
        ({"clinical": CASE}, "the features of expression"),
        ({"clinical": CASE, "features": GENES, "model": "Other"}, "expected one of"),
        ({"clinical": CASE, "features": {"gene_0": 1}}, "gene_1"),
        ({"clinical": {"age": [1]}}, "clinical.age"),
        ({"unknown": 1}, "unknown: Extra inputs"),
        ({"clinical": CASE, "features": {"gene_0": "x"}}, "features.gene_0"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_predicted_is_refused_in_words(body: object, said: str) -> None:
    answer = client().post(f"{MODEL}/predict", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"clinical": NaN}', '{"clinical": {"age": 1e999}}']
)
def test_what_is_no_json_of_a_case_is_refused(text: str) -> None:
    kind = {"content-type": "application/json"}
    assert client().post(f"{MODEL}/predict", content=text, headers=kind).status_code == 422
    assert client().post("/api/v1/models/none/predict", json={}).status_code == 404


def test_an_upload_goes_to_its_process_with_the_case() -> None:
    watching = Watching()
    said = upload(client(watching), clinical='{"age": 50}', side="L", label="2", model="Whole")
    assert said.status_code == 200
    assert said.json()["prediction"]["scores"] == {"expression": 0.5}
    assert base64.b64decode(said.json()["saliency_png"]) == b"\x89PNG"
    (case,) = watching.seen
    assert (case.side, case.label, case.model, case.clinical) == ("L", 2, "Whole", {"age": 50})


def test_an_upload_with_missing_or_strange_parts_is_refused_before_anything_runs() -> None:
    watching = Watching()
    browser = client(watching)
    address = f"{MODEL}/predict-image"
    one = ("a", b"x")
    wrong: list[dict[str, object]] = [
        {"files": {"image": one}},
        {"files": [("image", one), ("image", one)]},
        {"files": {"image": one, "mask": one}, "data": {"path": "/etc/passwd"}},
        {"files": {"image": one, "mask": one}, "data": {"clinical": "[1]"}},
        {"files": {"image": one, "mask": one}, "data": {"label": "one"}},
        {"data": {"image": "x", "mask": "y"}},
    ]
    for parts in wrong:
        assert browser.post(address, **parts).status_code == 422, parts  # type: ignore[arg-type]
    too_many = [(f"f{i}", one) for i in range(4)]
    assert browser.post(address, files=too_many).status_code == 400
    none = browser.post("/api/v1/models/values/predict-image", files={"image": one, "mask": one})
    assert none.status_code == 422
    assert watching.seen == []


def test_an_upload_of_several_images_goes_to_its_process_by_their_names() -> None:
    watching = Watching()
    models = served(watching)
    one = models["made-up"]
    content = one.content.model_copy(update={"images": ("AP", "T1"), "masks": ("AP",)})
    app = create_app({"made-up": replace(one, content=content)}, ServeSettings())
    browser = TestClient(app, base_url="http://localhost")
    address, file = f"{MODEL}/predict-image", ("Doe^Jane.dcm", b"picture")
    files = {"image.T1": file, "mask.AP": ("m", b"region"), "image.AP": file}
    assert browser.post(address, files=files).status_code == 200
    (case,), (stored,) = watching.seen, watching.contents
    assert (case.image, case.mask) == (None, None)
    assert {name: stored[place] for name, place in case.images.items()} == {
        "AP": b"picture", "T1": b"picture",
    }  # fmt: skip
    assert stored[case.masks["AP"]] == b"region"
    # Whether a case can do without an image, the model says.
    assert browser.post(address, files={"image.AP": file}).status_code == 200
    for wrong in ({"image": file}, {"mask.T1": file}, {"image.T2": file}):
        assert browser.post(address, files=wrong).status_code == 422
    assert browser.post(address, data={"image.AP": "a text"}).status_code == 422
    page = browser.get("/models/made-up").text
    assert re.findall(r'type="file" id="([^"]+)"', page) == [
        "image.AP", "mask.AP", "image.T1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "status"),
    [(InputError("mask: no"), 422), (WorkerError("it ended"), 503), (BundleError("/srv/x"), 500)],
)
def test_a_prediction_that_fails_leaves_the_server_answering(error: Exception, status: int) -> None:
    browser = client(Watching(error=error))
    answer = upload(browser)
    assert answer.status_code == status
    assert "/srv" not in answer.text
    assert browser.get("/health").status_code == 200
    assert (
        'trephine_predictions_total{end="failed",way="image"} 1.0' in browser.get("/metrics").text
    )


def test_what_the_system_cannot_hold_a_prediction_to_is_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOG, "propagate", True)
    upload(client(Watching(lacking=("files stay open to it",))))
    (said,) = [one for one in caplog.records if one.levelname == "WARNING"]
    assert said.__dict__["fields"] == {"lacking": ["files stay open to it"]}


def test_turns_let_so_many_run_and_so_many_wait() -> None:
    turns, running, most = Turns(2, 1, Metrics()), 0, 0

    async def one() -> str:
        nonlocal running, most
        try:
            async with turns.place(), turns.turn():
                running += 1
                most = max(most, running)
                await anyio.sleep(0.01)
                running -= 1
        except Busy:
            return "busy"
        return "done"

    async def five() -> list[str]:
        ends: list[str] = []

        async def note() -> None:
            ends.append(await one())

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(note)
        return ends

    assert sorted(anyio.run(five)) == ["busy", "busy", "done", "done", "done"]
    assert (most, anyio.run(one)) == (2, "done")


def test_processes_that_still_run_are_ended_with_the_server() -> None:
    watching = Watching()
    with client(watching) as browser:
        assert browser.get("/health").status_code == 200
    assert watching.ended == 1


def test_models_get_addresses_of_letters_and_digits(tmp_path: Path) -> None:
    bundle = locked_model().write(tmp_path / "model")
    found = open_models([bundle, bundle], ServeSettings())
    assert list(found) == ["made-up", "made-up-2"]
    assert found["made-up"].apart is None
    with pytest.raises(BundleError):
        open_models([tmp_path / "none"], ServeSettings())


def test_the_api_describes_itself() -> None:
    described = client().get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/v1/models", "/api/v1/models/{model_id}", "/api/v1/models/{model_id}/predict",
        "/api/v1/models/{model_id}/predict-image",
    }  # fmt: skip


def test_pages_speak_the_language_that_is_asked_for() -> None:
    for path, said in (("/", "模型"), ("/models/made-up", "计算器"), ("/sign-in", "登录")):
        assert said in client().get(f"{path}?lang=zh").text
    chinese = {"accept-language": "zh-CN,zh;q=0.9"}
    assert "模型" in client().get("/", headers=chinese).text
    assert "Models" in client().get("/", headers={"accept-language": "fr"}).text


def test_pictures_of_several_images_are_answered_by_their_names() -> None:
    found = image_prediction(ApartAnswer(ANSWER, {"ap": b"one", "t1": b"two"}, ()))
    assert found.saliency_png is None
    drawn = {name: base64.b64decode(png) for name, png in found.saliency_pngs.items()}
    assert drawn == {"ap": b"one", "t1": b"two"}
