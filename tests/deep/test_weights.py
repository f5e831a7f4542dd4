"""Which weights are taken, and which are refused by name."""

from __future__ import annotations

import hashlib
import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from trephine.deep.checkpoint import read_network_file
from trephine.deep.settings import DeepSettings
from trephine.deep.weights import build_resnet, load_weights, state_sha256
from trephine.errors import InputError


class RunsCode:
    """Loading a pickle of this makes a folder."""

    def __init__(self, folder) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def settings_for(path, **more) -> DeepSettings:
    return DeepSettings(weights=str(path), device="cpu", **more)


def test_a_file_is_loaded_and_its_whole_hash_recorded(weights_file, state_of):
    state, record = load_weights(settings_for(weights_file))
    expected = state_of("resnet18", 1)
    assert set(state) == set(expected)
    assert all(torch.equal(state[key], expected[key]) for key in expected)
    assert record.sha256 == hashlib.sha256(weights_file.read_bytes()).hexdigest()
    assert (record.backbone, record.source, record.name) == ("resnet18", "file", "hips.pth")


def test_safetensors_hold_the_same_weights(tmp_path, weights_file, state_of):
    path = tmp_path / "hips.safetensors"
    save_file(state_of("resnet18", 1), path)
    from_safetensors, _ = load_weights(settings_for(path))
    from_pickle, _ = load_weights(settings_for(weights_file))
    assert state_sha256(from_safetensors) == state_sha256(from_pickle)


def test_a_training_checkpoint_gives_its_state_dict(tmp_path, state_of):
    wrapped = {f"module.{key}": value for key, value in state_of("resnet18", 2).items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, tmp_path / "epoch3.pth")
    state, _ = load_weights(settings_for(tmp_path / "epoch3.pth"))
    assert state_sha256(state) == state_sha256(state_of("resnet18", 2))


@pytest.mark.parametrize("classes", [None, 2])
def test_any_classifier_will_do_because_it_is_not_used(tmp_path, state_of, classes):
    torch.save(state_of("resnet18", 2, classes), tmp_path / "two.pth")
    state, record = load_weights(settings_for(tmp_path / "two.pth"))
    assert build_resnet(record.backbone, state).dimension == 512


def test_old_files_without_batch_counts_load(tmp_path, state_of):
    state = {k: v for k, v in state_of("resnet18", 2).items() if "num_batches" not in k}
    torch.save(state, tmp_path / "old.pth")
    loaded, record = load_weights(settings_for(tmp_path / "old.pth"))
    assert all(torch.equal(loaded[key], values) for key, values in state.items())
    assert build_resnet(record.backbone, loaded).dimension == 512


def test_random_weights_are_what_the_seed_says():
    once, record = load_weights(DeepSettings(weights="random:7"))
    again, _ = load_weights(DeepSettings(weights="random:7"))
    other, other_record = load_weights(DeepSettings(weights="random:8"))
    assert state_sha256(once) == state_sha256(again) == record.sha256
    assert other_record.sha256 != record.sha256
    assert not torch.equal(once["conv1.weight"], other["conv1.weight"])
    assert record.source == "random"


def test_a_wrong_pinned_hash_is_refused(weights_file):
    with pytest.raises(InputError, match="wrong sha256: expected 0000"):
        load_weights(settings_for(weights_file, sha256="0" * 64))
    load_weights(settings_for(weights_file, sha256=read_network_file(weights_file, None).sha256))


def test_an_official_name_must_keep_its_promise_at_every_load(tmp_path, weights_file):
    content = weights_file.read_bytes()
    named = tmp_path / f"resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    named.write_bytes(content)
    load_weights(settings_for(named))
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    named.write_bytes(bytes(changed))
    with pytest.raises(InputError, match=r"wrong sha256: the name of resnet18-.* promises"):
        load_weights(settings_for(named))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_refused(tmp_path, weights_file, share):
    content = weights_file.read_bytes()
    (tmp_path / "cut.pth").write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"cut\.pth is truncated"):
        load_weights(settings_for(tmp_path / "cut.pth"))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file_of_torchs_old_format_is_refused(tmp_path, state_of, share):
    path = tmp_path / "old.pth"
    torch.save(state_of("resnet18", 1), path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"old\.pth is truncated"):
        load_weights(settings_for(path))


def test_a_truncated_safetensors_file_is_refused(tmp_path, state_of):
    path = tmp_path / "cut.safetensors"
    save_file(state_of("resnet18", 1), path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"cut\.safetensors is truncated"):
        load_weights(settings_for(path))


@pytest.mark.parametrize("writer", ["zip", "old", "protocol 2", "protocol 4"])
def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path, writer):
    path = tmp_path / "evil.pth"
    hook = RunsCode(tmp_path / "made by the pickle")
    if writer.startswith("protocol"):
        path.write_bytes(pickle.dumps({"hook": hook}, protocol=int(writer[-1])))
    else:
        content = {"conv1.weight": torch.zeros(2), "hook": hook}
        torch.save(content, path, _use_new_zipfile_serialization=writer == "zip")
    named = "operand" if writer == "protocol 4" else r"\w+\.mkdir"
    with pytest.raises(InputError, match=rf"evil\.pth holds code or objects \(.*{named}"):
        load_weights(settings_for(path))
    assert not hook.folder.exists()


def test_a_web_page_in_place_of_weights_is_no_torch_file(tmp_path):
    (tmp_path / "page.pth").write_text("<html>404 not found</html>")
    with pytest.raises(InputError, match=r"page\.pth is truncated or no torch file"):
        load_weights(settings_for(tmp_path / "page.pth"))


def test_a_whole_model_in_place_of_its_state_dict_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pth")
    with pytest.raises(InputError, match="save the state dict alone"):
        load_weights(settings_for(tmp_path / "model.pth"))


def test_a_checkpoint_of_another_architecture_is_refused_and_what_differs_named(
    tmp_path, weights_file, state_of
):
    with pytest.raises(InputError, match="another architecture than resnet34: 80 missing"):
        load_weights(settings_for(weights_file, backbone="resnet34"))
    with pytest.raises(InputError, match="ill-shaped"):
        load_weights(settings_for(weights_file, backbone="resnet50"))
    state = state_of("resnet18", 1) | {"head.weight": torch.zeros(1)}
    torch.save(state, tmp_path / "more.pth")
    with pytest.raises(InputError, match=r"1 unknown \(head\.weight\)"):
        load_weights(settings_for(tmp_path / "more.pth"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(1)], "expected a state dict in odd.pth, found list"),
        ({"epoch": 3}, "found other values at epoch"),
        ({}, "expected a state dict"),
    ],
)
def test_a_file_without_a_state_dict_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(InputError, match=message):
        load_weights(settings_for(tmp_path / "odd.pth"))


def test_weights_that_are_not_finite_are_refused(tmp_path, state_of):
    state = state_of("resnet18", 1)
    state["layer2.0.conv1.weight"] = state["layer2.0.conv1.weight"].clone()
    state["layer2.0.conv1.weight"][0, 0, 0, 0] = torch.nan
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(InputError, match=r"not finite at layer2\.0\.conv1\.weight"):
        load_weights(settings_for(tmp_path / "nan.pth"))


def test_an_absent_file_is_named_and_nothing_else_is_taken(tmp_path):
    with pytest.raises(InputError, match=r"No such file or directory for .*absent\.pth"):
        load_weights(settings_for(tmp_path / "absent.pth"))
