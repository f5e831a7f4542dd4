"""The lines of a drafted study file that say where images and masks lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trephine.cohort.follow_up import DAYS
from trephine.plan.drawn_masks import drawn_masks
from trephine.study.draft.columns import Roles
from trephine.study.draft.files import FoundFiles
from trephine.study.draft.several import FoundImage, first_at_baseline, later_without_time
from trephine.study.draft.wide import WideSheet
from trephine.study.toml_text import comment, quoted, words

NO_MASKS = (
    "No masks were found: draw the regions with `trephine annotate study.toml --rater a`, or"
    " under Draw in `trephine desk`"
)
NO_MASKS_OF_SEVERAL = (
    "No masks were found of {names}: draw the regions with `trephine annotate study.toml --rater"
    " a`, or under Draw in `trephine desk`"
)
_LATER = "It was taken later, and its name does not say when: state `when`, and [outcome] landmark"


def image_lines(
    roles: Roles, wide: WideSheet | None, files: FoundFiles, listed_in: str
) -> list[str]:
    """Return the lines under ``[data]`` of a study of one image per case, or of the listing."""
    if files.images:
        return _manifest(files, listed_in)
    if not files.image:
        if files.raters:
            listed_raters = ", ".join(files.raters)
            return [comment(f"Masks of {listed_raters} were found, and no image of their names.")]
        return []
    drawn = {} if files.raters else {"a": drawn_masks(files.image, "a", "head")}
    if drawn.get("a") == "":
        return [comment(f"Images without masks: image = {quoted(files.image)}; masks are needed.")]
    lines = [f"image = {quoted(files.image)}", f"raters = {words(drawn or files.raters)}"]
    if drawn:
        lines.insert(0, comment(f"{NO_MASKS}; they will be written to annotations."))
    lines += _manifest(files, listed_in)
    if files.repeats:
        lines.append(f"repeats = {words(files.repeats)}")
    named = list(files.raters.values()) or [files.image]
    return lines + _label_line(roles, wide, files, named, files.labels)


def _manifest(files: FoundFiles, listed_in: str) -> list[str]:
    if files.listed is None:
        return []
    return [f"manifest = {quoted(listed_in)}  # lists the paths, a row for each"]


def _label_line(
    roles: Roles,
    wide: WideSheet | None,
    files: FoundFiles,
    named: Sequence[str],
    labels: tuple[int, ...],
) -> list[str]:
    own = [roles.columns[role] for role in ("case", "side") if role in roles.columns]
    by_case = any(f"{{{column}}}" in path for column in own for path in named)
    if (wide is not None or "side" in roles.columns) and not by_case and not files.by_side:
        return ["mask_label = { R = 1, L = 2 }  # labels in the masks: look whether so"]
    if labels and labels != (1,):
        line = f"mask_label = {labels[0]}  # labels found: {list(labels)}"
        if len(labels) > 1 and files.images:
            line += "; several regions: regions = { head = 1, ... }"
        return [line]
    return []


def section_lines(roles: Roles, wide: WideSheet | None, files: FoundFiles) -> list[str]:
    """Return a section for each image of a case that has several; nothing where it has one."""
    if not files.images:
        return []
    most = max(one.count for one in files.images)
    undated = later_without_time(files.images)
    lines = [
        "# Several images of a case. Models of each, and of each with all those before it, say what"
        " an image adds.",
    ]
    for one in files.images:
        own = _section(one, roles, wide, files, most)
        if one in undated:
            own = [comment(f"{_LATER}."), *(f"# {line}" for line in own)]
        lines += [*own, ""]
    return lines


def _section(
    one: FoundImage, roles: Roles, wide: WideSheet | None, files: FoundFiles, most: int
) -> list[str]:
    lines = [f"[images.{one.words.name}]", f"image = {quoted(one.pattern)}"]
    named = list(one.raters.values()) or [one.pattern]
    if one.drawn_on:
        lines.append(f"drawn_on = {quoted(one.drawn_on)}  # no masks of its own were found")
    elif one.raters:
        lines.append(f"raters = {words(one.raters)}")
    else:
        drawn = drawn_masks(one.pattern, "a", "head", one.words.name)
        lines.append(comment(f"{NO_MASKS_OF_SEVERAL.format(names='it')}."))
        lines.append(f"raters = {words({'a': drawn})}")
    if one.repeats:
        lines.append(f"repeats = {words(one.repeats)}")
    if not one.drawn_on:
        lines += _label_line(roles, wide, files, named, one.labels)
    if one.words.lateral:
        lines.append('view = "lateral"')
    if one.words.kind is not None:
        lines.append(f"modality = {quoted(one.words.kind)}")
    if one.days_later:
        lines += _later(one, files)
    if one.count < most:
        lines.append(
            f'missing = "drop"  # {one.count} of {most} have it; "impute" keeps the others'
        )
    return lines


def _later(one: FoundImage, files: FoundFiles) -> list[str]:
    lines = [f"when = {quoted(one.words.when)}"]
    earlier = first_at_baseline(files.images, one.words)
    if earlier:
        added = "adds how each radiomics feature changed"
        lines.append(f"# change_from = {quoted(earlier)}  # {added}")
    return lines


def landmark_line(roles: Roles, files: FoundFiles) -> list[str]:
    """Return the landmark that images of a later time need: prediction begins when it is there."""
    days = max((one.days_later for one in files.images), default=0.0)
    if not days:
        return []
    landmark = round(days / DAYS[roles.unit], 2)
    said = "prediction begins when the last of the images was taken"
    return [f"landmark = {landmark:g}  # {said}: earlier events and ends of follow-up are left out"]


def found_lines(files: FoundFiles) -> list[str]:
    """Return what was found, a line each."""
    lines: list[str] = []
    bare = []
    for one in files.images:
        words_of = [one.words.kind or "", "lateral" if one.words.lateral else "", one.words.when]
        said = ", ".join(word for word in words_of if word)
        lines.append(f"Images {one.words.name}: {one.pattern} ({one.count} files; {said})")
        lines += _mask_lines(f" on {one.words.name}", one.raters, one.repeats, files.counts)
        if one.drawn_on:
            lines.append(f"Masks on {one.words.name}: those of {one.drawn_on}")
        elif not one.raters:
            bare.append(one.words.name)
    if bare:
        lines.append(f"{NO_MASKS_OF_SEVERAL.format(names=', '.join(bare))}.")
    if files.images:
        return lines
    if files.image:
        lines.append(f"Images: {files.image}")
    lines += _mask_lines("", files.raters, files.repeats, files.counts)
    if files.image and not files.raters:
        lines.append(f"{NO_MASKS}.")
    return lines


def _mask_lines(
    where: str, raters: Mapping[str, str], repeats: Mapping[str, str], counts: Mapping[str, int]
) -> list[str]:
    return [
        f"{kind} {name}{where}: {pattern} ({counts.get(pattern, 0)} files)"
        for kind, named in (("Masks of", raters), ("Second reading of", repeats))
        for name, pattern in named.items()
    ]
