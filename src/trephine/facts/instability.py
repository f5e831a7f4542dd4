"""Facts about how far predictions depend on who was among the training cases."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts.base import Count, Fact, Number, Series, SeriesRows


class InstabilityFacts(Fact):
    """Predictions of the analysed cases by bootstrap refits of one model, at one horizon.

    Series by case are in ascending order of the model's own prediction; those of models other than
    the one that the nomogram shows are empty.
    """

    protocol: ProtocolName
    """Protocol whose refits they are."""
    model: str
    """Name of the model."""
    horizon: float
    """Horizon, in the study's time unit."""
    refits: Count
    """Bootstrap samples whose models predict at the horizon."""
    mape: Number
    """Mean over cases of the mean absolute difference between a refit's event probability and the
    model's (MAPE)."""
    mape_largest: Number
    """Largest of any case."""
    changed: Number = None
    """Mean over cases of the share of refits that put the case into another risk group; null where
    there are no groups at this horizon."""
    cuts: tuple[float, ...] = ()
    """Event probabilities that part the risk groups at this horizon."""
    cut_rule: str = ""
    """Where these cuts come from, in words."""
    original: Series = ()
    """Event probability of each case by the model."""
    low: Series = ()
    """2.5th percentile of the refits' for the same case."""
    high: Series = ()
    """97.5th percentile of the refits' for the same case."""
    low_smooth: Series = ()
    """``low`` smoothed over the cases (loess), for the figure."""
    high_smooth: Series = ()
    """``high`` likewise."""
    error: Series = ()
    """Mean absolute difference between the refits' and the model's for the same case."""
    changed_of_case: Series = ()
    """Share of refits that put the case into another risk group."""
    point_at: Series = ()
    """The model's prediction, of pairs of case and refit spread evenly over all such pairs."""
    point_refitted: Series = ()
    """The refit's prediction of the same pair."""
    drawn: Count = 0
    """Refits whose curves are drawn, spread evenly over all."""
    calibration_at: Series = ()
    """Predicted event probabilities along the calibration curves."""
    calibration_original: Series = ()
    """Observed event probability at each by the model's curve; null where it does not predict."""
    calibration_refitted: SeriesRows = ()
    """The same by the curve of each refit that is drawn, on the same cases."""
    thresholds: Series = ()
    """Threshold probabilities of the decision curves."""
    benefit_original: Series = ()
    """Net benefit of the model at each."""
    benefit_refitted: SeriesRows = ()
    """Net benefit of each refit that is drawn, among the same cases."""
