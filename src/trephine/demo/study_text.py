"""The demonstration's study file and read-me."""

from __future__ import annotations

from trephine.demo import effects

_HEAD = """# A simulated study: run it with `trephine run study.toml`.
[study]
title = "No-collapse survival after multiple drilling (simulated)"
protocol = "sound"
seed = {seed}
simulated = "{simulated}"

"""

_SIMULATED = "Patients, radiographs, outlines and outcomes are simulated; nobody is described."
_SIMULATED_SEVERAL = (
    "Patients, images, outlines and outcomes are simulated; nobody is described. Each image shows a"
    " severity of its own: log hazard ratios per standard deviation {film} (AP film), {lateral}"
    " (lateral film), {marrow} (MR). The validation is light: intervals are rough."
)

_ONE_IMAGE = """[data]
table = "clinical.csv"
image = "images/{{patient_id}}.dcm"
raters = {{ a = "masks/a/{{patient_id}}.nii.gz", b = "masks/b/{{patient_id}}.nii.gz" }}
repeats = {{ a = "masks/a2/{{patient_id}}.nii.gz" }}
mask_label = {{ R = 1, L = 2 }}
accept = ["orientation"]  # the masks were drawn on the DICOM files themselves

"""

_NO_IMAGE = """[data]
table = "clinical.csv"

"""

_COLUMNS = """[data.columns]
case = "hip_id"
patient = "patient_id"
side = "side"
time = "months"
event = "collapse"
centre = "centre"

[outcome]
name = "no-collapse survival"
event = "collapse"
unit = "months"
horizons = [36, 60]

[clinical]
sex = {{ levels = ["female", "male"] }}
age = {{ unit = "years", label = "Age", range = [18, 75] }}
bmi = {{ unit = "kg/m²", label = "Body mass index", range = [12, 60] }}
symptom_duration = {{ unit = "months" }}
bisphosphonate = {{ levels = ["no", "yes"] }}
laterality = {{ levels = ["unilateral", "THA opposite", "bilateral"] }}
aetiology = {{ levels = ["idiopathic", "corticosteroid", "alcohol"] }}
arco = {{ levels = ["I", "II", "IIIA"], reference = "I", label = "ARCO stage" }}
bone_marrow_oedema = {{ levels = ["no", "yes"] }}
jic = {{ levels = ["B", "C1", "C2"], label = "JIC type" }}

[clinical.combined_necrotic_angle]
unit = "degrees"
measure = "combined_necrotic_angle"
arcs = ["arc_a", "arc_b"]

[clinical.necrosis_index]
label = "Necrosis degree index"
measure = "necrosis_degree_index"
arcs = ["arc_a", "arc_b"]

"""

_ONE_END = """[deep]
weights = "random:0"  # an untrained network: the demonstration downloads nothing

[validation]
# fewer of each than the default, so that the demonstration ends within minutes
repeats = 5
folds = 5
bootstraps = 30
permutations = 20
"""

_SEVERAL_END = """# Each image has a model of its own, and one with all images before it.
[images.AP]
modality = "film"
image = "images/{{patient_id}}.dcm"
raters = {{ a = "masks/a/{{patient_id}}.nii.gz", b = "masks/b/{{patient_id}}.nii.gz" }}
repeats = {{ a = "masks/a2/{{patient_id}}.nii.gz" }}
mask_label = {{ R = 1, L = 2 }}
accept = ["orientation"]  # the masks were drawn on the DICOM files themselves

[images.lateral]
modality = "film"
view = "lateral"
image = "lateral/{{hip_id}}.dcm"
raters = {{ a = "masks/lateral/a/{{hip_id}}.nii.gz", b = "masks/lateral/b/{{hip_id}}.nii.gz" }}
accept = ["orientation"]

[images.T1]
modality = "MR"
image = "t1/{{hip_id}}"  # the folder of a series
raters = {{ a = "masks/t1/a/{{hip_id}}.nii.gz", b = "masks/t1/b/{{hip_id}}.nii.gz" }}
regions = {{ bone = 1, lesion = 2 }}
measured = ["lesion", "head"]
missing = "impute"  # one hip has no MR

[images.T1.derived.head]
of = ["bone", "lesion"]

[images.T1.radiomics]
normalise = "whole-image"  # an MR's greys have no unit

[models.harm]  # what each image costs, in net benefit: a film next to nothing, an MR more
"AP + lateral" = 0.001
"AP + lateral + T1" = 0.01

[deep]
enabled = false

[validation]
# fewer of each than the default, so that the demonstration ends within minutes
repeats = 2
folds = 5
bootstraps = 10
permutations = 10
"""

README = """\
SIMULATED DATA

Everything in this folder was made by `trephine demo` with seed {seed}: 144 patients, 212 hips,
their radiographs, outlines, clinical values and outcomes. No patient is described here, and
nothing learned from it says anything about patients.

clinical.csv   one row per hip. Columns follow Table 1 of Liu et al. 2025 (BMC Medical Informatics
               and Decision Making, doi 10.1186/s12911-025-02859-2): counts and quartiles are
               near those printed there. `months` is the follow-up after multiple drilling,
               `collapse` is 1 where it ended in a collapse of 2 mm or more. arc_a and arc_b are
               the necrotic arcs in degrees on coronal and axial MRI; their sum is the combined
               necrotic angle, (A/180)(B/180)100 the necrosis index.
images/        one anteroposterior pelvic radiograph a patient, DICOM. Two hospitals: "north"
               sends DX files, 12 bits, JPEG-LS; "south" sends CR files, 10 bits, uncompressed;
               both polarities; the pixel spacing calibrated, or at the detector with a
               magnification factor. The patient's right is on the left of the picture.
masks/a, b     the femoral heads of the study as two raters drew them: 1 right, 2 left.
masks/a2       rater a again, 30 patients.
study.toml     the study; run it with `trephine run study.toml`.

Collapse follows a proportional-hazards model: ARCO IIIA 2.12 against I, bone marrow oedema 2.13,
the combined angle 2.41 above against below its median, a latent severity that no column holds
but that shows in the picture, and a frailty that the two hips of a patient share. The sizes of
all effects are in trephine/demo/effects.py.
"""


# What the read-me of a demonstration of several images says besides.
SEVERAL_README = """
SEVERAL IMAGES OF A HIP (`trephine demo --images several`)

lateral/       one frog-leg lateral film a hip, DICOM; masks/lateral/a and b: the head, 1.
t1/            one T1-weighted MR a hip, a folder of 15 oblique coronal slices as DICOM files;
               hip {lacking} has none. masks/t1/a and b: 1 the head outside the lesion,
               2 the lesion.

Each image shows a severity of its own that no other image and no column shows; the three are
independent, with log hazard ratios per standard deviation of {film} (AP film), {lateral} (lateral
film) and {marrow} (MR: signal, unevenness and border of the lesion). So each image has something
to add. The hips are those of the plain demonstration; their outcomes are others.
"""


_EFFECTS = {
    "film": effects.LOG_HR_SEVERITY_PER_SD,
    "lateral": effects.LOG_HR_LATERAL_PER_SD,
    "marrow": effects.LOG_HR_MARROW_PER_SD,
}


def study_toml(seed: int, *, several: bool = False) -> str:
    """Text of the study file, of one image per patient or of several per hip."""
    parts = (_NO_IMAGE, _COLUMNS, _SEVERAL_END) if several else (_ONE_IMAGE, _COLUMNS, _ONE_END)
    simulated = _SIMULATED_SEVERAL.format(**_EFFECTS) if several else _SIMULATED
    return "".join((_HEAD, *parts)).format(seed=seed, simulated=simulated)


def read_me(seed: int, *, lacking: str = "") -> str:
    """Text beside the study; with ``lacking``, the hip without MR, that of several images."""
    more = SEVERAL_README.format(lacking=lacking, **_EFFECTS) if lacking else ""
    return README.format(seed=seed) + more
