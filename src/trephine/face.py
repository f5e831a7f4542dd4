"""What a package gives by name, without importing it before it is asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType


def open_face(package: str, homes: Mapping[str, tuple[str, ...]]) -> None:
    """Let a package give names of its modules; each module is imported when first needed.

    Parameters
    ----------
    package
        ``__name__`` of the package.
    homes
        Full name of a module: the names that it defines. Beside the call, an import of the same
        names under ``TYPE_CHECKING`` shows them to mypy and editors; a test holds the two equal.
    """
    module = sys.modules[package]
    module.__class__ = _Face
    module.__dict__["_homes"] = {name: home for home, names in homes.items() for name in names}
    module.__dict__["__all__"] = sorted(module.__dict__["_homes"])


class _Face(ModuleType):
    """A package whose names are looked up in the modules that define them."""

    _homes: Mapping[str, str]

    def __getattr__(self, name: str) -> object:
        home = self._homes.get(name) if name != "_homes" else None
        if home is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(home), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: object) -> None:
        # An import of ``evaluation.brier_score`` would otherwise bind the module over the
        # function of that name, and what a name is would depend on what was imported before.
        if not (isinstance(value, ModuleType) and name in self._homes):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self._homes})
