"""SLURM from Debian on one machine: controller, node and munge in a folder, on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from system.live import free_port

PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "sinfo")
START_SECONDS = 180.0

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000
PartitionName=all Nodes=node Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A cluster of one node that takes jobs."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *command: object, code: int | None = 0) -> str:
        """Run a command of SLURM's and return what it prints."""
        done = subprocess.run(
            [str(part) for part in command],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout


def missing() -> list[str]:
    """Return what is needed and is not there."""
    found = [name for name in PROGRAMS if shutil.which(name, path=PLACES) is None]
    return found or ([] if os.geteuid() == 0 else ["the rights of root"])


@contextmanager
def slurm_running(folder: Path) -> Iterator[Slurm]:
    """Run a cluster for the time of a ``with`` block; nothing of it lies outside the folder."""
    for name in ("state", "spool", "work"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    settings = folder / "slurm.conf"
    settings.write_text(
        CONFIGURATION.format(
            host=socket.gethostname(), folder=folder, controller=free_port(), node=free_port()
        )
    )
    # Jobs call Trephine as these tests have it.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:{PLACES}"
    environment = {**os.environ, "SLURM_CONF": str(settings), "PATH": path}
    with ExitStack() as stack:
        for command in (
            [
                *("munged", "--foreground", "--force", "--num-threads=2"),
                *(f"--{part}={folder}/munge.{end}" for part, end in _MUNGE.items()),
            ],
            ["slurmctld", "-D", "-i", "-f", settings],
            ["slurmd", "-D", "-N", "node", "-f", settings],
        ):
            log = stack.enter_context((folder / f"{command[0]}.log").open("wb"))
            stack.enter_context(_daemon(command, environment, log.fileno()))
            time.sleep(0.5)  # each speaks to the one before
        cluster = Slurm(folder / "work", environment)
        _wait_until_idle(cluster)
        yield cluster
        cluster("scancel", "--user=root", "--full", code=None)


_MUNGE = {
    "socket": "socket",
    "key-file": "key",
    "log-file": "log",
    "pid-file": "pid",
    "seed-file": "seed",
}


@contextmanager
def _daemon(command: list[object], environment: dict[str, str], log: int) -> Iterator[None]:
    process = subprocess.Popen(
        [str(part) for part in command], env=environment, stdout=log, stderr=log
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_idle(cluster: Slurm) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "idle" not in cluster("sinfo", "--noheader", "--format=%T", code=None):
        if time.monotonic() > deadline:
            logs = [path.read_text()[-1500:] for path in cluster.folder.parent.glob("*.log")]
            pytest.fail("SLURM did not start:\n" + "\n".join(logs))
        time.sleep(0.5)
