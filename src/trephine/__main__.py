"""``python -m trephine`` is the command ``trephine``."""

from __future__ import annotations

from trephine.cli import main

if __name__ == "__main__":
    main()
