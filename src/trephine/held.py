"""Holding a whole process to the folder of the study it reads, where studies are confined.

Paths are looked at before a study is read (`trephine.paths.held_inside`). Whoever can change the
folder while it is read could put a link in the place of a file that was looked at: under
``TREPHINE_CONFINED=1`` the system itself then refuses to open what lies elsewhere, to this process
and to all that it starts.
"""

from __future__ import annotations

import ctypes
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from glob import glob
from itertools import count, takewhile
from pathlib import Path

from trephine.landlock import close_files
from trephine.paths import is_confined

_log = logging.getLogger(__name__)

# What programs lie in, and what they ask of the system: never accounts or homes. Of /proc, the
# system lets a process that is held so look into no other but those that it started itself.
_PROGRAMS = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt", "/nix/store")
_SYSTEM = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/fonts",
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/ca-certificates",
    "/etc/localtime", "/etc/timezone", "/etc/alternatives", "/etc/mime.types", "/etc/os-release",
    "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/locale.alias", "/proc", "/sys/devices", "/sys/class", "/sys/bus", "/sys/module",
    "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage", "/var/cache/fontconfig",
    "/dev/random", "/dev/urandom",
)  # fmt: skip
# What is left of the environment, which /proc shows: nobody's passwords, whatever their names.
_KNOWN_VARIABLES = re.compile(
    "(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|LANG|LANGUAGE|TZ|TERM|COLORTERM|COLUMNS|LINES|NO_COLOR"
    "|FORCE_COLOR|TMPDIR|TMP|TEMP|VIRTUAL_ENV"
    "|(?:LC|LD|XDG|PYTHON|OMP|GOMP|KMP|MKL|OPENBLAS|NUMBA|NUMEXPR|MPL|TORCH|CUDA|NVIDIA|ROCR|HIP"
    "|DASK|SLURM|PYTEST|COVERAGE|TREPHINE)_?(?!.*(?:PASSWORD|TOKEN|SECRET)).*)"
)
_DEVICES = (
    "/dev/null", "/dev/zero", "/dev/full", "/dev/shm", "/dev/tty", "/dev/pts", "/dev/dri",  # noqa: S108 - of the system
)  # fmt: skip
_CACHE_VARIABLES = ("NUMBA_CACHE_DIR", "TORCH_HOME", "MPLCONFIGDIR")
_KEPT = ("torch", "numba", "matplotlib", "fontconfig")


def hold_to(study: Path, *written: Path | None, read: Sequence[Path] = ()) -> None:
    """Hold this process to a study's folder, if ``TREPHINE_CONFINED=1``; for good.

    What the environment holds besides settings is forgotten.

    Parameters
    ----------
    study
        The study file, or its folder.
    written
        Other folders that whoever runs the program names for what it writes, or files in them. A
        folder that is not there yet is made.
    read
        Files and folders that he names for reading alone.

    Raises
    ------
    InputError
        If the variable is neither 0 nor 1.
    """
    if not is_confined():
        return
    _forget_variables()
    own = [_folder_of(study), *(_made(_folder_of(path)) for path in written if path is not None)]
    held = close_files(
        [*_SYSTEM, *map(str, read)],
        runnable=_programs(),
        writable=[*(str(path.resolve()) for path in own), *_scratch()],
    )
    if not held:
        _log.warning(
            "files stay open to this process: expected Landlock (Linux 5.13), found none; nobody"
            " else may change the study's folder while it is read"
        )


def _forget_variables() -> None:
    """Forget what is no setting, in the memory too that /proc/self/environ shows."""
    others = [name for name in os.environ if not _KNOWN_VARIABLES.fullmatch(name)]
    if sys.platform.startswith("linux"):
        texts = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
        for address in takewhile(bool, (texts[place] for place in count())):
            text = ctypes.string_at(address)
            if text.partition(b"=")[0] in map(os.fsencode, others):
                ctypes.memset(address, 0, len(text))
    for name in others:
        os.environ.pop(name)


def _folder_of(path: Path) -> Path:
    return path.parent if path.suffix and not path.is_dir() else path


def _programs() -> Iterable[str]:
    """Return where this program and its modules lie, and the system's programs."""
    return [sys.prefix, sys.base_prefix, *filter(os.path.isabs, sys.path), *_PROGRAMS]


def _scratch() -> Iterable[str]:
    """Return what is written beside results: temporary files, kept kernels and weights."""
    # Kernels lie beside the modules that they were compiled from.
    kernels = map(str, Path(__file__).resolve().parent.rglob("__pycache__"))
    named = [os.environ.get(name, "") for name in _CACHE_VARIABLES]
    with suppress(RuntimeError):  # nobody's account: there is no home
        named += [str(_made(place / name)) for place in (_caches(), _settings()) for name in _KEPT]
    return [tempfile.gettempdir(), *kernels, *filter(None, named), *_DEVICES, *glob("/dev/nvidia*")]


def _caches() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _settings() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _made(folder: Path) -> Path:
    """Return a folder, made where it can be: one that is made later would not be open."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
