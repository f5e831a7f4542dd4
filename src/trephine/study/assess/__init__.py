"""What every model of a study is worth: predictions, measures, and what sets models apart."""

from trephine.study.assess.comparisons import Compared
from trephine.study.assess.measures import Assessed, AtHorizon, Metric
from trephine.study.assess.over_draws import assess_outcome
from trephine.study.assess.predictions import outside_predictions, predictions_of
from trephine.study.assess.whole import Assessment, assess

__all__ = [
    "Assessed",
    "Assessment",
    "AtHorizon",
    "Compared",
    "Metric",
    "assess",
    "assess_outcome",
    "outside_predictions",
    "predictions_of",
]
