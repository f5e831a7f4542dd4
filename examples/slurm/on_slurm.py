"""Runs a command of Trephine on workers of dask that SLURM starts.

    python on_slurm.py --jobs 64 --interface ib0 run study.toml
    python on_slurm.py --jobs 64 --interface ib0 extract regions.csv --out features.parquet

Needs pip install 'trephine[dask]' dask-jobqueue, in an environment that every node sees. This
program must stay alive until the command ends: run it in a job of its own, or in tmux. Connections
are encrypted, and only who can read this user's files can take part in them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from dask_jobqueue import SLURMCluster
from distributed.security import Security


def main() -> int:
    """Measure the regions of a list on the jobs of a cluster."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=8, help="jobs of one worker each")
    parser.add_argument("--memory", default="6GB", help="of each job")
    parser.add_argument("--walltime", default="12:00:00", help="of each job")
    parser.add_argument("--interface", help="network that the nodes share, for example ib0")
    parser.add_argument("--account", help="SLURM's account")
    parser.add_argument("--queue", help="SLURM's partition")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="run study.toml, for example")
    asked = parser.parse_args()
    security = Security.temporary()
    with (
        tempfile.TemporaryDirectory() as keys,
        SLURMCluster(
            cores=1,
            processes=1,
            memory=asked.memory,
            walltime=asked.walltime,
            interface=asked.interface,
            account=asked.account,
            queue=asked.queue,
            security=security,
            shared_temp_directory=str(Path.cwd()),  # the workers' keys, until this ends
            local_directory=tempfile.gettempdir(),
            log_directory="dask-jobs",
            scheduler_options={"dashboard_address": None},
        ) as cluster,
    ):
        cluster.scale(jobs=asked.jobs)
        command = [sys.executable, "-m", "trephine", *asked.command]
        done = subprocess.run(
            [*command, "--executor", f"dask:{cluster.scheduler_address}"],
            env={**os.environ, **client_keys(security, Path(keys))},
        )
    return done.returncode


def client_keys(security: Security, folder: Path) -> dict[str, str]:
    """Write the keys by which the command connects; name them as dask's settings do."""
    named = {}
    for part, text in security.get_tls_config_for_role("client").items():
        if part == "ciphers" or not text:
            continue
        file = folder / f"client-{part}.pem"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text)
        role = "" if part == "ca_file" else "CLIENT__"
        named[f"DASK_DISTRIBUTED__COMM__TLS__{role}{part.upper()}"] = str(file)
    return named


if __name__ == "__main__":
    raise SystemExit(main())
