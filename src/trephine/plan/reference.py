"""The reference of a study file, written from the sections themselves so that it is never stale."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trephine.cohort.cells import CellReading
from trephine.cohort.schema import ClinicalVariable
from trephine.deep.settings import FineTuneSettings
from trephine.modelling.protocols import PROTOCOLS
from trephine.plan.columns_section import Columns
from trephine.plan.data_section import DataSection
from trephine.plan.derived_region import DerivedRegion
from trephine.plan.features_sections import DeepSection, FeaturesSection, RadiomicsSection
from trephine.plan.images_section import ImageSection
from trephine.plan.limits_section import (
    ArchiveLimitsSection,
    ImageLimitsSection,
    NetworkLimitsSection,
    StoreLimitsSection,
    TableLimitsSection,
)
from trephine.plan.sections import ModelsSection, OutcomeSection, StudySection
from trephine.plan.selection_section import SelectionSection, protocols_decide
from trephine.plan.validation_section import ValidationSection
from trephine.radiomics.settings import RadiomicsSettings
from trephine.radiomics.settings_perturbation import PerturbationSettings

_HEAD = """\
# The study file

A study is one TOML file. `trephine new FOLDER` drafts it, `trephine check STUDY.toml` lists every
mistake in it and in the data, `trephine run STUDY.toml` runs it. Relative paths start from the
file's own folder. Every key below has a default unless it is marked as needed, a key that does not
exist is refused with the nearest one that does, and the plan that ran, every default filled in, is
saved with the result.

This page is written from the program (`python -m trephine.plan`); a test compares them.
"""

_SECTIONS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("study", StudySection, "Title, protocol, seed."),
    (
        "data",
        DataSection,
        "Where the table, the images and the masks are. In a path `{column}` stands for the case's"
        " cell of that column: `images/{patient_id}.dcm`. Cells are text: 007 stays 007.",
    ),
    (
        "data.read.COLUMN",
        CellReading,
        "What the cells of a column mean, the outcome's and the sides' too. Words and meanings may"
        ' stand alone: `read = { side = { "右" = "R", "左" = "L" } }` under `[data]`.',
    ),
    ("data.columns", Columns, "Which column of the table means what."),
    ("outcome", OutcomeSection, "What is predicted and when."),
    (
        "clinical.NAME",
        ClinicalVariable,
        'One section (or one line, `age = { unit = "years" }`) for each clinical variable. With'
        " `levels` it is categorical, without it is a number. How its cells are read goes into the"
        " model, so that a new case's are read in the same way.",
    ),
    (
        "features",
        FeaturesSection,
        "Features that come ready-made in a table, one row per case. A column that holds the"
        " outcome is refused.",
    ),
    (
        "images.NAME",
        ImageSection,
        "Several images of a case, one section each (`[images.AP]`, `[images.T1]`), instead of"
        " `image` under [data]. Each is measured by itself; its features are feature sets such as"
        " `AP radiomics` or `T1.lesion deep`, which [models] can name. By default there is a model"
        " of each image, and one of each with all those before it, whose difference is what the"
        " image adds. What [data] says of `failures`, `manifest` and `outside` counts for all.",
    ),
    (
        "images.NAME.derived.REGION",
        DerivedRegion,
        'A region that is made from drawn ones: `{ of = "lesion", outside_mm = 3, within ='
        ' "head" }` is the bone within 3 mm of a lesion, `{ of = "head", without = "lesion" }`'
        ' the head without it, `{ of = ["head", "lesion"] }` both as one.',
    ),
    ("radiomics", RadiomicsSection, "Radiomic features of the regions."),
    (
        "radiomics.settings",
        RadiomicsSettings,
        "Settings by PyRadiomics' names, over those of the preset; the defaults here are"
        " PyRadiomics', the preset `native2d` has its own.",
    ),
    (
        "radiomics.perturb",
        PerturbationSettings,
        "Off unless the section is there: robustness where nobody drew the regions twice. Copies of"
        " each image and region of the first rater, with noise, turned, shifted, grown or shrunk"
        " and drawn anew along supervoxels (Zwanenburg et al. 2019), are measured too; their"
        " ICC(1,1) with the original enters the step that leaves out features below"
        " `icc_threshold`, in every fold on its training cases only, beside the ICC of raters where"
        " there are any. What is drawn follows from the study's seed, image and mask. A region is"
        " measured `copies` times more. Deep features are not perturbed.",
    ),
    ("deep", DeepSection, "Features of a network; needs the optional part `deep`."),
    (
        "deep.finetune",
        FineTuneSettings,
        "Off unless the section is there. The last residual block of a ResNet is then trained on"
        " the Cox partial likelihood, anew in every refit and on its training cases only, and the"
        " signature reads the features of the trained network, those of the other raters' regions"
        " included. Patients are held back among the training cases to decide when to stop; where"
        " nothing that was learned holds for them, the network stays as it is. Most images are too"
        " few for it. It takes about 10 ms per case and pass on one thread, and the default"
        " `[validation]` asks for 9,201 trainings, a day or more for 200 cases: its repeats,"
        " bootstraps and permutations limit that, and a run shows the number and the time before"
        " it trains. What enters the last block is kept with the features: for ResNet18 at 224"
        " pixels 100 kB per case and view on disk, and in the memory of every process that trains.",
    ),
    (
        "selection",
        SelectionSection,
        "The steps and their thresholds. Where two defaults are given, each protocol has its own.",
    ),
    (
        "models",
        ModelsSection,
        "By default: clinical alone, each feature set with clinical, and all together; [images] has"
        " its own.",
    ),
    ("validation", ValidationSection, "How performance is measured."),
    (
        "limits.image",
        ImageLimitsSection,
        "How large an image may be, where a real one is refused. By default what the environment"
        " says (`TREPHINE_MAX_...`), and else the number that closes each line. Where"
        " `TREPHINE_CONFINED=1` a study may lower these limits, not raise them.",
    ),
    (
        "limits.table",
        TableLimitsSection,
        "How large a table may be; by default as `TREPHINE_TABLE_LIMITS` says.",
    ),
    (
        "limits.archive",
        ArchiveLimitsSection,
        "How long the list of parts may be that a file of many parts begins or ends with; by"
        " default as `TREPHINE_ARCHIVE_LIMITS` says.",
    ),
    (
        "limits.network",
        NetworkLimitsSection,
        "What an ONNX network may use up before it is ended; by default as"
        " `TREPHINE_NETWORK_LIMITS` says.",
    ),
    (
        "limits.store",
        StoreLimitsSection,
        "How much one file of stored features (`shards/*.parquet`) may hold; one that holds more"
        " counts as damaged, and its regions are measured again. By default as"
        " `TREPHINE_STORE_LIMITS` says.",
    ),
)


def study_file_reference() -> str:
    """Return the reference of every key of a study file, as Markdown."""
    parts = [_HEAD]
    for name, model, text in _SECTIONS:
        described = _attributes(model)
        lines = [f"## `[{name}]`", "", text, "", "| key | default | meaning |", "|---|---|---|"]
        for key, field in model.model_fields.items():
            meaning = field.description or described.get(key, "")
            default = _by_protocol(key) if model is SelectionSection else ""
            cells = (f"`{key}`", default or _default(field), _meaning(meaning, field.annotation))
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _by_protocol(key: str) -> str:
    """Return what each protocol takes for a key of ``[selection]``; "" where they agree."""
    if key not in protocols_decide():
        return ""
    return ", ".join(
        f"`{_toml({**dict(one.chain), **dict(one.clinical)}[key])}` ({name})"
        for name, one in PROTOCOLS.items()
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "see below"
    if value in ("", {}, ()):
        return "empty"
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = ...' for key in value)} }}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _meaning(text: str, annotation: Any) -> str:
    choices = _choices(annotation)
    listed = ", ".join(f"`{choice}`" for choice in dict.fromkeys(choices))
    if text and listed:
        return f"{text}; one of {listed}"
    return text or (f"one of {listed}" if listed else "as in PyRadiomics")


def _choices(annotation: Any) -> list[str]:
    """Return what an annotation of literals allows, also inside ``... | None``."""
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for inner in get_args(annotation) for choice in _choices(inner)]


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Return the texts of a docstring's Attributes, also of the classes that it extends."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        text = inspect.cleandoc(cls.__doc__ or "").partition("Attributes\n----------\n")[2]
        for names, lines in re.findall(r"^(\S.*)\n((?:[ ]{4}.*\n?)+)", text, re.MULTILINE):
            meaning = " ".join(lines.split()).replace("``", "`").rstrip(".")
            found |= dict.fromkeys(names.split(", "), meaning)
    return found


def write_reference(path: Path) -> None:
    """Write the reference to a file."""
    path.write_text(study_file_reference(), encoding="utf-8")
