"""What the package needs at run time is under licences that let it be given away freely."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

EXTRAS = ("deep", "onnx", "pacs", "docx", "serve", "fonts")
COPYLEFT = re.compile(r"\b[AL]?GPL|GNU (Affero |Lesser |Library )?General Public", re.IGNORECASE)
# "GPL or something else" leaves the choice; a compiler's runtime carries an exception by name.
FREE_OF_CHOICE = re.compile(r"GCC-exception| OR ")


def runtime_closure() -> set[str]:
    """Return every installed package that the program or one of its extras needs."""
    found: set[str] = set()
    waiting = [("trephine", extra) for extra in ("", *EXTRAS)]
    seen = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # for another platform or Python, or an extra that is not installed
        found.add(name.lower().replace("_", "-"))
        for text in needs:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                waiting += [(need.name, part) for part in ("", *need.extras)]
    return found


def licence_of(name: str) -> str:
    """Return what a package's metadata says: the expression, else classifiers and field."""
    about = distribution(name).metadata
    # A backport that other packages bring raises where Python's own metadata gives None.
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = [
        line for line in about.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    # Some put the whole text into the field, which quotes other licences; its head names it.
    return "; ".join(classifiers) or (about.get("License") or "").strip()[:100]


def is_copyleft(licence: str) -> bool:
    """Return whether a licence binds what is built on it."""
    return bool(COPYLEFT.search(licence)) and not FREE_OF_CHOICE.search(licence)


def test_nothing_needed_at_run_time_is_under_the_gpl_and_its_kin() -> None:
    packages = runtime_closure()
    assert {"numpy", "pydicom", "simpleitk"} <= packages
    bound = {name: licence_of(name) for name in packages if is_copyleft(licence_of(name))}
    assert not bound


def test_every_package_states_its_licence() -> None:
    silent = {name for name in runtime_closure() if not licence_of(name)}
    assert not silent


def test_what_binds_is_known_from_what_does_not() -> None:
    for licence in (
        "GPL-3.0-only",
        "LGPL-2.1-or-later",
        "AGPL-3.0",
        "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)",
        "MIT AND GPL-2.0",
    ):
        assert is_copyleft(licence), licence
    for licence in ("MIT", "BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1",
                    "MIT OR GPL-2.0", "MPL-2.0", "Apache-2.0"):  # fmt: skip
        assert not is_copyleft(licence), licence
