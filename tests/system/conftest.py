"""Orthanc, a real archive from Debian, on loopback only; skipped loudly where it is not there.

Where ``make test-system`` has just passed, ``TREPHINE_SYSTEM_TESTED=1`` spares a second run.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from certificates import Authority
from system.live import free_port

PROGRAM = shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin:/usr/bin")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, PASSWORD = "tester", "a-secret-of-tests"
START_SECONDS = 120.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("TREPHINE_SYSTEM_TESTED") != "1":
        return
    done = pytest.mark.skip(reason="make test-system has run it just before")
    for item in items:
        if item.get_closest_marker("system"):
            item.add_marker(done)


@dataclass
class Orthanc:
    """One Orthanc with its own folder and ports; may be stopped and started again."""

    root: Path
    http: int = field(default_factory=free_port)
    dicom: int = field(default_factory=free_port)
    receive: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    tls: dict[str, object] = field(default_factory=dict)

    @property
    def rest(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    @property
    def web(self) -> str:
        return f"{self.rest}/dicom-web"

    @property
    def session(self) -> requests.Session:
        session = requests.Session()
        session.auth, session.trust_env = (USER, PASSWORD), False
        return session

    def configure(self) -> Path:
        database = str(self.root / "database")
        everything = {f"Allow{verb}": True for verb in ("Echo", "Find", "Get", "Move", "Store")}
        settings = {
            "Name": "trephine-test",
            "StorageDirectory": database,
            "IndexDirectory": database,
            "Plugins": [str(PLUGIN)],
            "HttpPort": self.http,
            # Orthanc 1.10 binds every interface: only this machine may speak to it.
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD},
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowEcho": False,
            "DicomAlwaysAllowStore": False,
            "DicomAlwaysAllowFind": False,
            "DicomAlwaysAllowGet": False,
            "DicomCheckModalityHost": True,
            "DicomModalities": {
                "trephine": {
                    "AET": "TREPHINE",
                    "Host": "127.0.0.1",
                    "Port": self.receive,
                    "UseDicomTls": bool(self.tls),
                    **everything,
                }
            },
            **self.tls,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Ssl": False},
        }
        path = self.root / "orthanc.json"
        path.write_text(json.dumps(settings))
        return path

    def start(self) -> None:
        configuration = self.configure()
        with (self.root / "orthanc.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(PROGRAM), str(configuration)], stdout=log, stderr=log, cwd=self.root
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.session.get(f"{self.rest}/system", timeout=5).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
            if self.process.poll() is not None:
                break
        self.stop()
        pytest.fail((self.root / "orthanc.log").read_text()[-2000:])

    def stop(self, kill: bool = False) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self.process.wait(60)
        self.process = None

    def upload(self, content: bytes) -> None:
        self.session.post(f"{self.rest}/instances", data=content, timeout=30).raise_for_status()


@pytest.fixture
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    if PROGRAM is None or not PLUGIN.exists():
        pytest.skip("Orthanc is not installed: make test-system installs it (Debian)")
    archive = Orthanc(tmp_path_factory.mktemp("orthanc"))
    archive.start()
    yield archive
    archive.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def orthanc_over_tls(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Orthanc]:
    """Orthanc that speaks TLS both ways and wants to see a certificate of the authority."""
    if PROGRAM is None or not PLUGIN.exists():
        pytest.skip("Orthanc is not installed: make test-system installs it (Debian)")
    own = authority.sign("orthanc")
    settings: dict[str, object] = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(own.certificate),
        "DicomTlsPrivateKey": str(own.key),
        "DicomTlsTrustedCertificates": str(authority.file),
    }
    archive = Orthanc(tmp_path_factory.mktemp("orthanc"), tls=settings)
    archive.start()
    yield archive
    archive.stop()
