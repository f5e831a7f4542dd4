"""What can be chosen, what is refused, and what a digest counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from trephine.deep.settings import DeepSettings, FineTuneSettings

FILE = {"backbone": "net.onnx", "input_size": 64, "mean": (0.5,) * 3, "std": (0.2,) * 3}


def test_the_default_is_the_papers_network():
    settings = DeepSettings()
    assert (settings.backbone, settings.weights, settings.size) == ("resnet18", "imagenet", 224)
    assert settings.normalisation == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"bakbone": "resnet18"}, "Extra inputs are not permitted"),
        ({"backbone": "resnet19"}, "expected one of resnet18, resnet34, resnet50 or a file"),
        ({"backbone": "net.onnx"}, "input_size, mean, std beside a network file"),
        (FILE | {"weights": "other.pth"}, "none beside a network file, which holds its own"),
        (FILE | {"mean": (0.5,)}, "one value per channel in both"),
        ({"mean": (0.5,), "std": (0.5,)}, "three values, as the ResNets take three channels"),
        ({"std": (0.2, 0.2, 0.0)}, "greater than 0"),
        ({"weights": "random"}, "expected random:SEED"),
        ({"weights": "random:x"}, "expected random:SEED"),
        ({"layer": "fc"}, "none beside a ResNet"),
        ({"grey_percentiles": (99, 1)}, "0 <= low < high <= 100"),
        ({"outside": "black"}, "'keep' or 'blank'"),
        ({"sha256": "abc"}, "should match pattern"),
        ({"batch_size": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(choice, message):
    with pytest.raises(ValidationError, match=message):
        DeepSettings(**choice)


def test_fine_tuning_refuses_unknown_keys_too():
    with pytest.raises(ValidationError, match="Extra inputs"):
        FineTuneSettings(epoch=3)


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        DeepSettings().margin = 0.5


@pytest.mark.parametrize(
    "change",
    [
        {"margin": 0.2},
        {"backbone": "resnet34"},
        {"weights": "random:1"},
        {"outside": "blank"},
        {"mirror_left": False},
        {"augment": "flips"},
        {"grey_range": "image"},
        {"grey_percentiles": (0.0, 100.0)},
        {"input_size": 256},
        {"mean": (0.5, 0.5, 0.5)},
    ],
)
def test_a_digest_counts_what_changes_a_feature(change):
    assert DeepSettings(**change).digest() != DeepSettings().digest()


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 64},
        {"threads": 3},
        {"device": "cpu"},
        {"sha256": "ab" * 32},
        {"input_size": 224},
        {"mean": (0.485, 0.456, 0.406)},
    ],
)
def test_a_digest_leaves_out_how_it_is_computed(change):
    assert DeepSettings(**change).digest() == DeepSettings().digest()


def test_with_the_hash_of_the_file_its_name_does_not_count():
    here, there = DeepSettings(weights="a/w.pth"), DeepSettings(weights="b/w.pth")
    assert here.digest() != there.digest()
    assert here.digest("ab" * 32) == there.digest("ab" * 32) != here.digest("cd" * 32)
    assert DeepSettings(**FILE).digest("ab" * 32) == (
        DeepSettings(**(FILE | {"backbone": "x/other.onnx"})).digest("ab" * 32)
    )


def test_relative_files_are_taken_from_the_studys_folder():
    folder = Path("/study")
    assert DeepSettings(weights="w.pth").resolved(folder).weights == "/study/w.pth"
    assert DeepSettings(**FILE).resolved(folder).backbone == "/study/net.onnx"
    assert DeepSettings(weights="random:1").resolved(folder) == DeepSettings(weights="random:1")
    assert DeepSettings().resolved(folder) == DeepSettings()
