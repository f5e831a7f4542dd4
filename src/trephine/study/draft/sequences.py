"""Several MR series of a patient told apart by what their headers say: weighting, then plane."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from trephine.imaging.dicom_head import DicomHead

# A sequence that fewer of the patients have, as a share of all who have a series, is a stray.
_FEWEST = 0.2


def by_weighting(
    series: Mapping[Path, str], heads: Iterable[DicomHead]
) -> dict[str, dict[Path, str]]:
    """Return the series by a word for each sequence, that of the most patients first.

    Parameters
    ----------
    series
        Folders of slices, or single files, to their Patient ID.
    heads
        Of their files.

    Returns
    -------
    Nothing where headers do not tell: where no patient has several series, where one has two of
    the same word and plane, or where a series names no weighting. Sequences of few patients are
    left out.
    """
    of_series = {head.path: head for head in heads if head.content == "slice"}
    of_series |= {path.parent: head for path, head in of_series.items()}
    each = {path: of_series[path] for path in series}
    if max(Counter(series.values()).values(), default=0) < 2:
        return {}
    if not all(head.weighting for head in each.values()):
        return {}
    words = {path: head.weighting for path, head in each.items()}
    if _doubled(words, series):
        words = {
            path: "-".join(filter(None, (head.weighting, head.plane)))
            for path, head in each.items()
        }
        if _doubled(words, series):
            return {}
    groups: dict[str, dict[Path, str]] = defaultdict(dict)
    for path, word in words.items():
        groups[word][path] = series[path]
    fewest = _FEWEST * len(set(series.values()))
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    kept = {word: group for word, group in ordered if len(group) >= fewest}
    return kept if len(kept) > 1 else {}


def _doubled(words: Mapping[Path, str], series: Mapping[Path, str]) -> bool:
    named = Counter((series[path], word) for path, word in words.items())
    return max(named.values(), default=0) > 1
