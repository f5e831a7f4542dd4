"""``trephine serve`` and ``trephine desk`` as processes of their own, and what they take."""

from __future__ import annotations

import errno
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 300.0


def free_port() -> int:
    """Return a port of this computer that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Live:
    """A server that answers.

    Attributes
    ----------
    process
        Its own.
    port
        Of 127.0.0.1.
    first
        The address that opens it.
    """

    process: subprocess.Popen[str]
    port: int
    first: str

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = PATIENCE_S,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Return state, body and headers of an answer; a path is sent as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            given = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
            if body is not None and "Content-Length" not in given:
                given["Content-Length"] = str(len(body))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def raw(self, text: bytes, seconds: float = 20.0) -> bytes:
        """Send bytes as they are, and return what comes back until the other side stops.

        Raises
        ------
        ConnectionError
            The server hung up before it had read everything.
        """
        with socket.create_connection(("127.0.0.1", self.port), seconds) as line:
            line.sendall(text)
            try:
                line.shutdown(socket.SHUT_WR)
            except OSError as error:
                if error.errno != errno.ENOTCONN:
                    raise
                # Linux says "not connected" where the other side reset the line meanwhile.
                raise ConnectionResetError(errno.ECONNRESET, "hung up") from error
            found = b""
            while part := line.recv(1 << 16):
                found += part
            return found

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def memory_mib(self) -> float:
        """Return what its own process holds."""
        return _status(self.process.pid, "VmRSS")

    def children(self) -> list[int]:
        """Return the processes that it started and that still run."""
        path = Path(f"/proc/{self.process.pid}/task")
        found = [
            int(child)
            for thread in path.iterdir()
            for child in (thread / "children").read_text().split()
        ]
        return sorted(set(found))


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def family_mib(pid: int) -> float:
    """Return what a process and all that it started hold; shared pages count once for each."""
    total, left = 0.0, [pid]
    while left:
        one = left.pop()
        try:
            total += _status(one, "VmRSS")
            for thread in Path(f"/proc/{one}/task").iterdir():
                left += map(int, (thread / "children").read_text().split())
        except OSError:
            continue  # it has ended
    return total


@contextmanager
def started(*arguments: str) -> Iterator[Live]:
    """Start a verb of the program, and end it with the ``with`` block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trephine", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\S*", line)
        assert found is not None, line
        live = Live(process, int(found[1]), found[0])
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                if live.ask("GET", "/health")[0] < 500:
                    break
            except OSError:
                pass
            assert time.monotonic() < end, "it does not answer"
            assert process.poll() is None, "it ended"
            time.sleep(0.2)
        yield live
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def form(parts: dict[str, tuple[str, bytes] | str]) -> tuple[bytes, dict[str, str]]:
    """Return a form with files and texts, and its headers."""
    mark = "----trephine-of-a-test"
    body = b""
    for name, part in parts.items():
        if isinstance(part, str):
            body += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
            body += part.encode("utf-8", "surrogatepass") + b"\r\n"
            continue
        file, content = part
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
        body += (
            head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
        )
    return body + f"--{mark}--\r\n".encode(), {
        "Content-Type": f"multipart/form-data; boundary={mark}"
    }
