"""Facts about the study itself: title, participants, inputs, and how it ran."""

from __future__ import annotations

from trephine.choices import Kind, Learner, ProtocolName, SignatureTraining, Unit
from trephine.facts.base import CompetingCount, Count, EstimateFact, Fact, Number, Quartiles
from trephine.facts.measuring import DeepMethod, ImageMethod, RadiomicsMethod
from trephine.types import TimeUnit


class ProtocolFact(Fact):
    """A set of choices that models are made with."""

    name: ProtocolName
    """Name of the protocol."""
    judged: Kind
    """The kind of performance by which its models are known."""


class StudyFacts(Fact):
    """What the study is about."""

    title: str
    """Title of the study."""
    outcome_name: str
    """Name of the outcome as survival, for example "no-collapse survival"."""
    event_noun: str
    """What the event is, for example "collapse"."""
    case_noun: str = "case"
    """Unit of analysis, singular, for example "hip"."""
    patient_noun: str = "patient"
    """The cluster that cases belong to, singular."""
    time_unit: TimeUnit
    """Unit of every time and horizon in this file."""
    horizons: tuple[float, ...]
    """Horizons of prediction, in the time unit, ascending."""
    landmark: Number = None
    """Time after the start of follow-up from which all times count; null where they count from the
    start itself."""
    protocol: ProtocolName
    """Protocol that the plan names; the report shows all."""
    protocols: tuple[ProtocolFact, ...]
    """Every protocol, in reading order."""
    seed: Count
    """Seed of every random draw."""
    simulated: bool = False
    """True where the cohort is simulated."""
    simulated_note: str = ""
    """What is simulated and how, in a sentence or two."""
    random_weights_note: str = ""
    """Said in plain sight where the deep features come from random weights; else empty."""


class FlowCount(Fact):
    """Patients and cases at one point of the flow."""

    patients: Count
    """Number of patients."""
    cases: Count
    """Number of cases."""


class ExclusionFact(Fact):
    """Cases that were left out for one reason."""

    reason: str
    """Why, as the participant flow words it."""
    patients: Count
    """Patients left out altogether for this reason."""
    cases: Count
    """Cases left out for this reason."""


class HorizonFlow(Fact):
    """What is known about the cases by one horizon."""

    horizon: float
    """Horizon, in the study's time unit."""
    events: Count
    """Cases with the event by the horizon."""
    competing: Count = 0
    """Cases with a competing event by the horizon, and so never the event."""
    censored: Count
    """Cases whose follow-up was censored before the horizon, status there unknown."""
    at_risk: Count
    """Cases followed without event to the horizon or past it."""
    not_yet: Count = 0
    """Cases that came under observation after the horizon only."""


class FlowFacts(Fact):
    """From the enrolled to the analysed."""

    enrolled: FlowCount
    """Patients and cases in the table as read."""
    exclusions: tuple[ExclusionFact, ...] = ()
    """Reasons in the order in which they were applied."""
    analysed: FlowCount
    """Patients and cases in the analysis."""
    events: Count
    """Analysed cases with the event."""
    event_percent: Number
    """Events as a percentage of the analysed cases, 0 to 100."""
    competing: tuple[CompetingCount, ...] = ()
    """Competing events; empty where the plan names none."""
    patients_with_event: Count | None = None
    """Patients with the event in at least one case."""
    follow_up: Quartiles | None = None
    """Observed follow-up over all analysed cases, in the time unit."""
    follow_up_reverse_km: EstimateFact | None = None
    """Median potential follow-up by the reverse Kaplan-Meier method, in the time unit."""
    longest_follow_up: Number = None
    """Longest follow-up, in the time unit."""
    horizons: tuple[HorizonFlow, ...] = ()
    """What is known by each horizon."""


class InputFile(Fact):
    """One input, or a group of inputs of one role, with its fingerprint."""

    role: str
    """What it is, for example "clinical table", "radiographs", "masks of rater a"."""
    name: str
    """File name, or pattern of the plan; never an identifier of a patient."""
    files: Count = 1
    """Number of files."""
    sha256: str
    """SHA-256 of the file; for a group, of the sorted digests of its files."""


class SpacingFacts(Fact):
    """How pixel spacing came to be known for a number of images."""

    source: str
    """Tag or rule, for example "PixelSpacing (calibrated)"."""
    images: Count
    """Number of images."""
    low_mm: Number
    """Smallest spacing, in mm."""
    high_mm: Number
    """Largest spacing, in mm."""


class InputsFacts(Fact):
    """What went in."""

    files: tuple[InputFile, ...] = ()
    """Every input with its fingerprint."""
    spacing: tuple[SpacingFacts, ...] = ()
    """Where pixel spacing came from."""
    weights_name: str = ""
    """Weights of the backbone as the plan names them; empty without deep features."""
    weights_sha256: str = ""
    """SHA-256 of the weights' file or tensors; empty without deep features."""
    trust_note: str = ""
    """What it means that the network is a program that was trusted; empty where it is none."""


class Version(Fact):
    """A program and its version."""

    name: str
    """Name of the program or library."""
    version: str
    """Its version."""


class Timing(Fact):
    """How long one stage took."""

    stage: str
    """Stage of the run."""
    seconds: float
    """Wall-clock time, in seconds; time saved by resuming is not in it."""


class RunWarning(Fact):
    """Something the run noticed and the reader must know."""

    where: str
    """Stage, model or variable that it is about."""
    text: str
    """What was noticed, and what it means for the result."""


class RunFacts(Fact):
    """How the study ran."""

    started: str = ""
    """Date of the run, ISO 8601, as the caller states it; may be empty."""
    plan: str = ""
    """The plan that ran, as TOML, every default filled in."""
    plan_sha256: str = ""
    """SHA-256 of the plan text."""
    versions: tuple[Version, ...] = ()
    """Trephine first, then what its numbers rest on."""
    timings: tuple[Timing, ...] = ()
    """Stages in the order in which they ran."""
    warnings: tuple[RunWarning, ...] = ()
    """Warnings of the run, most serious first."""


class ResamplingMethod(Fact):
    """How one protocol was resampled."""

    protocol: ProtocolName
    """Protocol that this is about."""
    unit: str
    """What folds and bootstraps draw: "patient" or "case"."""
    folds: Count
    """Outer folds."""
    repeats: Count
    """Repeats of the outer folds."""
    bootstraps: Count
    """Bootstrap samples for optimism and intervals."""
    permutations: Count
    """Permuted outcomes of the null check."""
    interval_draws: Count = 0
    """Resamples of patients behind the intervals of NRI and IDI."""
    band_draws: Count = 0
    """Resamples of patients behind the bands of calibration and decision curves."""
    stratified: bool = True
    """True where folds are balanced on the event."""
    note: str = ""
    """What else the reader must know, in a sentence."""


class SignatureMethod(Fact):
    """How one protocol makes signatures and gives them to its models."""

    protocol: ProtocolName
    """Protocol that this is about."""
    learner: Learner
    """What gives the features their weights."""
    mixtures: tuple[float, ...] = ()
    """Elastic-net mixtures that were compared, 1 lasso and 0 ridge; of penalised-cox only."""
    adaptivities: tuple[float, ...] = ()
    """Powers of the score that penalties are divided by; of adaptive-ridge only."""
    inner_folds: Count
    """Folds in which penalties are chosen."""
    fold_unit: Unit
    """What these folds draw."""
    training: SignatureTraining
    """Which scores of the training cases the models are fitted to."""
    clipped_at: Number = None
    """Standard deviations from the median beyond which values are clipped; null where none is."""


class PartialRater(Fact):
    """A rater who drew the regions of some cases only."""

    name: str
    """Of the rater."""
    cases: Count
    """Cases drawn."""
    of: Count
    """Cases of the study."""


class MethodsFacts(Fact):
    """Settings that the methods section states beyond what the other sections hold."""

    design: str = ""
    """Sentence on design and setting from the plan; empty where the author must write it."""
    normalisation: str = ""
    """How grey values were normalised; empty without images."""
    raters: tuple[str, ...] = ()
    """Names of the raters who drew the regions."""
    partial_raters: tuple[PartialRater, ...] = ()
    """Those of them who drew some cases only."""
    radiomics: RadiomicsMethod | None = None
    """Hand-crafted features; null where none were extracted here."""
    deep: DeepMethod | None = None
    """Deep features; null where none were extracted here."""
    images: tuple[ImageMethod, ...] = ()
    """Of several images of a case, each in place of the keys above; empty where there is one."""
    image_models: tuple[str, ...] = ()
    """Of several images, models in order, each of all images of the one before and one more."""
    feature_table: str = ""
    """Name of the ready-made feature table; empty where features were extracted."""
    harmonisation: str = ""
    """How centre effects were taken out of features; empty where they were not."""
    missing_values: str = ""
    """How missing clinical values and features were handled."""
    signatures: tuple[SignatureMethod, ...] = ()
    """How each protocol makes signatures; empty without features."""
    resampling: tuple[ResamplingMethod, ...] = ()
    """How each protocol was resampled."""

    @property
    def hand_crafted(self) -> tuple[RadiomicsMethod, ...]:
        """How hand-crafted features were extracted, of every image."""
        every = (self.radiomics, *(one.radiomics for one in self.images))
        return tuple(one for one in every if one is not None)

    @property
    def networks(self) -> tuple[DeepMethod, ...]:
        """How deep features were extracted, of every image."""
        every = (self.deep, *(one.deep for one in self.images))
        return tuple(one for one in every if one is not None)
