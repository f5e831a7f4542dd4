"""Several images of a case: which they are, and whose masks lie on which of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trephine.cohort.follow_up import DAYS
from trephine.imaging.suffixes import image_suffix
from trephine.study.draft.image_names import BASELINE, ImageWords, apart, image_words, parts_of
from trephine.types import TimeUnit

# An image that fewer of the cases have, as a share of those of the most common one, is a stray.
_FEWEST = 0.2
_ORDER = {None: 0, "film": 1, "CT": 2, "MR": 3}
_UNITS: dict[str, TimeUnit] = {
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years",
}
_AGAIN = re.compile(r"^(?P<rater>.+?)[ _-]?(2|again|repeat|second|retest)$", re.IGNORECASE)


@dataclass(frozen=True)
class FoundImage:
    """One of several images of a case.

    Attributes
    ----------
    pattern
        Of its files.
    words
        What its name says.
    raters, repeats
        Patterns of masks and second readings, by rater.
    labels
        That occur in one of its masks.
    count
        Its files.
    drawn_on
        Name of the image on which its regions were drawn; empty for this one.
    """

    pattern: str
    words: ImageWords
    raters: Mapping[str, str] = field(default_factory=dict)
    repeats: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[int, ...] = ()
    count: int = 0
    drawn_on: str = ""

    @property
    def days_later(self) -> float:
        """Days after the baseline, as its name says; 0 where it does not say when."""
        unit, _, number = self.words.when.partition(" ")
        return DAYS[_UNITS[unit]] * int(number) if number else 0.0


def images_of_a_case(counts: Mapping[str, int]) -> dict[str, ImageWords]:
    """Return the patterns that name several images of a case, in the order of models.

    Parameters
    ----------
    counts
        Files by pattern of images.

    Returns
    -------
    Nothing where a case seems to have one image: where fewer than two patterns have a word for a
    view, a kind of image or a time, beside the most common one, which needs none.
    """
    most = max(counts.values(), default=0)
    common = [pattern for pattern, count in counts.items() if count >= _FEWEST * most]
    common = _without_copies(sorted(common, key=lambda pattern: (-counts[pattern], pattern)))
    words = {pattern: image_words(pattern, common) for pattern in common}
    kept = [pattern for pattern in common if words[pattern].known or pattern == common[0]]
    if len(kept) < 2:
        return {}
    words = {pattern: image_words(pattern, kept) for pattern in kept}
    kept.sort(key=lambda pattern: _place(words[pattern], counts[pattern], pattern))
    names = apart([words[pattern].name for pattern in kept])
    return {p: _named(words[p], name) for p, name in zip(kept, names, strict=True)}


def _without_copies(patterns: Sequence[str]) -> list[str]:
    """Leave out pictures of an image that differ from it by their ending only."""
    seen: set[str] = set()
    kept = []
    for pattern in patterns:
        bare = pattern.removesuffix(image_suffix(pattern))
        if bare not in seen:
            seen.add(bare)
            kept.append(pattern)
    return kept


def _place(words: ImageWords, count: int, pattern: str) -> tuple[float, int, bool, int, str]:
    days = FoundImage(pattern, words).days_later
    return (days, _ORDER[words.kind], words.lateral, -count, pattern)


def _named(words: ImageWords, name: str) -> ImageWords:
    return ImageWords(name, words.kind, words.lateral, words.when, words.known)


def with_masks(
    images: Mapping[str, ImageWords],
    counts: Mapping[str, int],
    masks: Mapping[str, tuple[int, ...]],
    complete: Sequence[str],
) -> tuple[FoundImage, ...]:
    """Return the images, each with the masks whose paths share its words.

    Parameters
    ----------
    images
        As `images_of_a_case` gives them.
    counts
        Files by pattern.
    masks
        Labels by pattern of masks.
    complete
        The patterns of masks, that of the most files first.
    """
    if not images:
        return ()
    own: dict[str, list[str]] = defaultdict(list)
    for mask in complete:
        own[_image_of(mask, images)].append(mask)
    drawn = next((pattern for pattern in images if own[pattern]), "")
    found = []
    for pattern, words in images.items():
        raters, repeats = by_rater(own[pattern])
        labels = next((masks[mask] for mask in own[pattern]), ())
        moved = not own[pattern] and drawn and _same_space(words, images[drawn])
        on = images[drawn].name if moved else ""
        found.append(FoundImage(pattern, words, raters, repeats, labels, counts[pattern], on))
    return tuple(found)


def _image_of(mask: str, images: Mapping[str, ImageWords]) -> str:
    """Return the image with whose words a mask's path has most in common, else the first."""
    parts = {part.casefold() for part in parts_of(mask)}
    return max(images, key=lambda pattern: len(images[pattern].known & parts))


def _same_space(one: ImageWords, other: ImageWords) -> bool:
    """Say whether regions of one image may lie on another: volumes of one kind and one visit."""
    return one.kind == other.kind and one.kind in ("CT", "MR") and one.when == other.when


def by_rater(patterns: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Name each pattern of masks by the part in which it differs from the others."""
    names = {_rater_name(pattern, patterns): pattern for pattern in patterns}
    raters, repeats = {}, {}
    for name, pattern in names.items():
        again = _AGAIN.match(name)
        if again and again["rater"] in names:
            repeats[again["rater"]] = pattern
        else:
            raters[name] = pattern
    return raters, repeats


def _rater_name(pattern: str, patterns: Sequence[str]) -> str:
    own = re.split(r"[/_. -]", re.sub(r"\{[^}]*\}", "", pattern))
    others = [set(re.split(r"[/_. -]", other)) for other in patterns if other != pattern]
    differing = [part for part in own if part and not any(part in other for other in others)]
    return re.sub(r"\W", "_", differing[0]) if others and differing else "a"


def later_without_time(images: Sequence[FoundImage]) -> tuple[FoundImage, ...]:
    """Return the images whose name says that they are later, and not when."""
    return tuple(one for one in images if not one.words.when)


def first_at_baseline(images: Sequence[FoundImage], kind: ImageWords) -> str:
    """Return the name of the image of the same kind and view at baseline; empty for none."""
    same = (
        one.words.name
        for one in images
        if (one.words.kind, one.words.lateral) == (kind.kind, kind.lateral)
        and one.words.when == BASELINE
    )
    return next(same, "")
