"""The sections of the results, which page and document share."""

from __future__ import annotations

from typing import Literal, get_args

SectionName = Literal[
    "glance",
    "participants",
    "agreement",
    "selection",
    "models",
    "performance",
    "external",
    "risk-groups",
    "competing",
    "sample-size",
]
"""In the order of the report; the anchors of the page."""

SECTIONS: tuple[SectionName, ...] = get_args(SectionName)

HEADINGS: dict[SectionName, str] = {
    "glance": "At a glance",
    "participants": "Participants",
    "agreement": "Images and agreement",
    "selection": "Feature selection",
    "models": "Models",
    "performance": "Performance",
    "external": "Outside data",
    "risk-groups": "Risk groups",
    "competing": "Competing events",
    "sample-size": "Sample size",
}
"""What stands over each."""

ORDER: dict[SectionName, tuple[str, ...]] = {
    "glance": ("table-headline", "figure-protocols", "figure-null-check"),
    "participants": (
        "figure-1a",
        "table-1-",
        "table-missing-values",
        "figure-imputations",
        "figure-overall",
    ),
    "agreement": ("figure-picture", "figure-icc", "table-agreement"),
    "selection": (
        "figure-2-",
        "table-selection-audit",
        "table-selected-features",
        "table-short-signature",
        "figure-contribution",
        "table-contribution",
        "figure-correlation",
    ),
    "models": (
        "table-2-",
        "table-visits",
        "table-late-entry",
        "figure-1b",
        "figure-forest",
        "figure-partial-effects",
        "table-s2",
        "table-hazards",
        "table-relaxed-hazards",
        "figure-over-time",
        "table-missing-information",
        "table-coefficients",
    ),
    "performance": (
        "table-3-",
        "figure-3-",
        "figure-4-",
        "table-calibration",
        "figure-5ab",
        "figure-interventions",
        "table-instability",
        "figure-instability",
        "table-comparisons",
        "table-rivals",
        "figure-subgroups",
        "table-subgroups",
        "table-centres",
        "table-s1",
    ),
    "external": ("table-external",),
    "risk-groups": ("figure-5c", "table-risk-groups", "table-restricted-mean"),
    "competing": ("figure-incidence", "table-incidence", "table-second-reading"),
    "sample-size": ("table-sample-size",),
}
"""In which order a section is read, by what slugs begin with; what is not named comes last."""
