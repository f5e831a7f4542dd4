"""torchvision's official ImageNet files: where they come from and where they are kept."""

from __future__ import annotations

import os
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from trephine.deep.checkpoint import read_network_file
from trephine.deep.settings import ResNetName
from trephine.errors import InputError

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class OfficialFile:
    """A file of weights on torchvision's server.

    Attributes
    ----------
    name
        With the first digits of its sha256, as torchvision names it.
    address
        Where it is fetched.
    """

    name: str
    address: str


def _official(name: str) -> OfficialFile:
    return OfficialFile(name, f"https://download.pytorch.org/models/{name}")


# torchvision's IMAGENET1K_V1 for 18 and 34 (there is no other) and IMAGENET1K_V2 for 50.
OFFICIAL: dict[ResNetName, OfficialFile] = {
    "resnet18": _official("resnet18-f37072fd.pth"),
    "resnet34": _official("resnet34-b627a593.pth"),
    "resnet50": _official("resnet50-11ad3fa6.pth"),
}


def cached_path(file: OfficialFile) -> Path:
    """Return where torch hub (and torchvision) keep the file, under ``TORCH_HOME`` if it is set."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / file.name


def fetch(file: OfficialFile) -> Path:
    """Return the cached file; download it first, with a progress bar, where it is absent.

    The download goes to a name of its own and takes its place only when its sha256 is right, so
    that a broken connection never leaves a half file.

    Raises
    ------
    InputError
        If it cannot be downloaded, or arrives with another hash.
    """
    path = cached_path(file)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as folder:
        # The name is kept, because the check reads the hash's digits from it.
        partial = Path(folder) / file.name
        try:
            _download(file, partial)
        except (urllib.error.URLError, TimeoutError, ConnectionError, EOFError) as error:
            reason = getattr(error, "reason", None) or error
            raise InputError(
                f"deep weights: could not download {file.address} ({reason}); connect to the"
                f" internet, or fetch the file elsewhere and either put it at {path} or give its"
                " path as deep.weights"
            ) from None
        read_network_file(partial, None)
        os.replace(partial, path)
    return path


def _download(file: OfficialFile, target: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with (
        urllib.request.urlopen(file.address, timeout=TIMEOUT_SECONDS) as answer,  # noqa: S310
        target.open("wb") as out,
        Progress(*columns, TransferSpeedColumn(), transient=True) as progress,
    ):
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        task = progress.add_task(f"weights {file.name}", total=total)
        received = _copy(answer, out, lambda n: progress.update(task, advance=n))
    if total is not None and received != total:
        raise EOFError(f"the connection ended after {received} of {total} bytes")


def _copy(source: Any, target: IO[bytes], advance: Any) -> int:
    received = 0
    while chunk := source.read(CHUNK_BYTES):
        target.write(chunk)
        received += len(chunk)
        advance(len(chunk))
    return received
