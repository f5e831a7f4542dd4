"""Every word that a user or a room chooses among and that more than one room knows, once.

What one room alone chooses among stands in that room.
"""

from __future__ import annotations

from typing import Literal

ProtocolName = Literal["published", "sound"]
"""The sets of choices that a study is always run with (``trephine.modelling.protocols``)."""
DEFAULT_PROTOCOL: ProtocolName = "sound"
"""Whose model a study locks unless its plan names another."""

Kind = Literal["apparent", "nested cross-validated", "optimism-corrected", "external"]
"""How the predictions were made by which a model is judged, in reading order."""

# The table.
Side = Literal["R", "L"]
"""The patient's right or left."""
SerialsFrom = Literal[1900, 1904]
"""Year from which a workbook's bare day numbers count."""
DecimalSign = Literal[".", ","]
Missing = Literal["drop", "impute", "multiple"]
"""Cases that lack a clinical value are left out, filled in from the training cases once, or imputed
several times by chained equations."""
Continuous = Literal["linear", "median-cut"]
"""A continuous variable as measured, or cut in two at the training median."""

# Images and regions.
NormaliseMethod = Literal["none", "whole-image", "body", "roi", "percentile", "nyul"]
BiasCorrection = Literal["none", "n4"]
"""The slow shading of MR is left, or taken out."""
NetworkSlices = Literal["largest", "orthogonal", "all", "volume"]
"""Of a volume, which slices a two-dimensional network reads; or all of it, in three dimensions."""
VolumeAxes = Literal["zyx", "xyz"]
"""In which order a network of three dimensions takes the axes behind its channel."""
SlicePooling = Literal["mean", "max"]
"""How the features of several slices become one's."""
Correction = Literal["adopt", "resample"]
MaskGeometry = Literal["strict", "adopt", "resample"]
"""What is done with a mask whose header does not put it on its image's pixels."""
SpacingSource = Literal["stated", "array"]
"""A spacing that the file states, or the grid's own where it states none."""
FileContent = Literal["image", "mask"]
"""What a file or folder is read as."""
DemoImages = Literal["one", "several"]
"""The demonstration's: a radiograph per patient, or a lateral film and an MR of each hip too."""
Failures = Literal["skip", "stop"]
"""A region that cannot be measured is counted and left out, or ends the work."""
Times = Literal["removed", "hour"]
"""What de-identification leaves of a time of day."""
Dates = Literal["shifted", "kept"]
"""What de-identification does to the dates of a table."""
Incoming = Literal["certified", "anyone"]
"""Who may send images while they are fetched."""

# Where work is done.
PlannedExecutor = Literal["serial", "local", "dask:local"]
"""In one process, in several, or by a dask cluster of this machine; a study file names no other."""

# The recipe.
Harmonise = Literal["none", "combat"]
Relevance = Literal["mann-whitney", "cox-score", "none"]
"""Univariable filter of features."""
IccForm = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]
"""Form of the intraclass correlation, as Shrout and Fleiss number them."""
Learner = Literal["adaptive-ridge", "penalised-cox"]
RivalName = Literal["Ridge", "Elastic net"]
ClinicalSelection = Literal["univariable-backward", "backward-aic", "all"]
Separation = Literal["leave out", "firth"]
"""What is done with a clinical variable that separates the events."""
Unit = Literal["case", "patient"]
SignatureTraining = Literal["in-sample", "out-of-fold"]
Variance = Literal["model", "cluster"]
"""Variance of a Cox model: from its information, or a sandwich by patient."""
BetweenVisits = Literal["drawn", "dated"]
"""An event between two visits: its time drawn, or taken to be the later visit."""
NullKind = Literal["apparent", "nested"]

# Statistics.
Ties = Literal["efron", "breslow"]
Penalty = Literal["none", "firth"]
"""On the likelihood of a Cox model."""
UpdateMethod = Literal["none", "baseline", "hazard", "slope", "refit"]
"""What outside cases change of a locked model."""
EarlyStop = Literal["none", "glmnet"]
CurveMethod = Literal[
    "hazard", "hazard spline", "hazard regression", "pseudo-values linear", "pseudo-values local"
]
"""Smooth calibration curve."""
Relaxation = Literal["stratify", "log time"]
"""What a variable gets whose hazards are not proportional."""
RelaxedForm = Literal["stratified", "log time", "step"]
"""What it got: a baseline hazard of its own in each level, or a coefficient that changes."""
Scale = Literal["continuous", "categorical"]
"""Of a variable, and of a net reclassification improvement."""

# What is written.
GroupTest = Literal["t", "Mann-Whitney", "chi-square", "Fisher", "none"]
"""A test of Table 1, by its short name."""
StandardErrors = Literal["model", "cluster-robust"]
Corrected = Literal["Harrell", ".632+"]
"""Which estimate stands for a figure that bootstraps corrected."""
ContinuousAs = Literal["as measured", "cut at the median"]
RowKind = Literal["body", "level", "group"]
"""A row of a table: its own, a level of the variable above, or a heading of those below."""
TableFormat = Literal["xlsx", "csv"]

TABLE_SUFFIXES = (
    ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet",
)  # fmt: skip
"""File names that a table may have; what the file is, its first bytes say."""
