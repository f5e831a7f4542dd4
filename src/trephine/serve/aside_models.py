"""Models opened in a process beside a server, which so needs nothing that models need."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def page_content(bundle: Path) -> tuple[dict[str, Any], bool]:
    """Return what a calculator's page is made of, and whether its model measures images.

    What measuring calls is compiled.

    Parameters
    ----------
    bundle
        The locked model.

    Raises
    ------
    BundleError
        If it is refused.
    """
    from trephine.serve.models import open_models
    from trephine.serve.settings import ServeSettings

    (served,) = open_models([bundle], ServeSettings()).values()
    return served.content.model_dump(mode="json"), served.apart is not None
