"""The parts of a torch archive (a zip file), bounded before they are read."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping

from trephine.archives import open_zip

MOST_PARTS = 20_000
MOST_INFLATED_BYTES = 4 << 30


class Refused(Exception):  # noqa: N818 - a finding, never shown as it is
    """What an archive holds that is not let through, and in which part."""

    def __init__(self, what: str, part: str) -> None:
        super().__init__(what, part)
        self.what = what
        # Names come from the file: what a terminal would obey does not go on.
        self.part = "".join(c if c.isprintable() else "?" for c in part[:80])


def parts_of(content: bytes) -> dict[str, bytes]:
    """Return the parts of an archive by their path below its one folder.

    Raises
    ------
    Refused
        If a path occurs twice, is no plain path below one folder, or is no plain file.
    zipfile.BadZipFile
        If it is damaged or too large. Other errors of the library may come, too.
    """
    with open_zip(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > MOST_PARTS or sum(m.file_size for m in members) > MOST_INFLATED_BYTES:
            raise zipfile.BadZipFile("it is too large")
        roots = {member.filename.partition("/")[0] for member in members}
        if len(roots) != 1:
            raise zipfile.BadZipFile("it has no one folder")
        parts: dict[str, bytes] = {}
        for member in members:
            path = member.filename.partition("/")[2]
            steps = path.split("/")
            kind = stat.S_IFMT(member.external_attr >> 16)
            if not path or {"", ".", ".."} & set(steps) or kind not in (0, stat.S_IFREG):
                raise Refused("something that is not a plain file", member.filename)
            if path in parts:
                raise Refused("two parts of one name", path)
            parts[path] = archive.read(member)
    return parts


def join_parts(parts: Mapping[str, bytes]) -> bytes:
    """Return an archive of these parts, uncompressed, in one folder, as torch reads it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for path, content in parts.items():
            archive.writestr(f"network/{path}", content)
    return made.getvalue()
