"""Mutated files through the program's doors, in processes that may die.

``python tests/security/fuzz.py [--count 2000] [--seconds S] [--seed N] [KIND ...]`` mutates every
kind of file (or those named) until the count or the time is reached, prints what it found, and
ends with 1 if that is anything: an error outside the program's tree, a warning, more than ten
seconds, more than a gibibyte, or a process lost. The files that did it lie in ``--keep``.

A batch of mutants is drawn by hypothesis from (seed, kind, number of the batch), so that the same
seed gives the same files; a lost process costs the rest of its batch.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

HANG_SECONDS = float(os.environ.get("TREPHINE_FUZZ_HANG", "10"))
GROWTH_BYTES = 1 << 30
BATCH = 50
# Above this an allocation fails by itself, so that a bomb does not take the machine with it.
ADDRESS_SPACE = 16 << 30
CHILD = [__file__]  # what a child process runs


@dataclass
class Finding:
    """One thing that must not be.

    Attributes
    ----------
    kind
        Of file.
    what
        The error with its place, or what happened.
    file
        The mutant that did it.
    """

    kind: str
    what: str
    file: str


@dataclass
class Outcome:
    """What one kind of file went through: the slowest file, and the largest process."""

    kind: str
    tried: int = 0
    findings: list[Finding] = field(default_factory=list)
    most_seconds: float = 0.0
    most_bytes: int = 0


def child(
    kind: str, seeds: Path, keep: Path, batch: int, count: int, seconds: float, seed: int
) -> None:
    """Run batches until the count or the time is reached; one line of JSON for whatever happens."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, given, settings

    from security.doors import DOORS, NAMES
    from security.mutations import mutants

    if not 0 < HANG_SECONDS < 1000:
        raise SystemExit("TREPHINE_FUZZ_HANG: expected seconds")
    corpus = [path.read_bytes() for path in sorted((seeds / kind).iterdir())]
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work = Path(tempfile.mkdtemp(dir=keep, prefix=".child-"))
    stderr = sys.stderr
    say(event="started")
    _through(DOORS[kind], work / NAMES[kind], corpus[0])  # imports and compiles before the clock
    ends, peak = time.monotonic() + seconds, _peak()

    def try_one(content: bytes) -> None:
        nonlocal peak
        if time.monotonic() > ends:
            return
        (keep / f".{kind}-now").write_bytes(content)
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=stderr)
        begun = time.process_time()  # what the file costs, however busy the machine is
        found = _through(DOORS[kind], work / NAMES[kind], content)
        took = time.process_time() - begun
        faulthandler.cancel_dump_traceback_later()
        grown, peak = _peak() - peak, max(peak, _peak())
        if grown > GROWTH_BYTES:
            found.append(f"memory: {grown >> 20} MiB more")
        for what in found:
            # Kept here: when the parent has read of it, the next file is on its way.
            place = keep / f"{kind}-{hashlib.sha256(content).hexdigest()[:12]}"
            place.write_bytes(content)
            say(event="finding", what=what, file=str(place))
        say(event="tried", seconds=took, bytes=peak)

    done = 0
    while done < count and time.monotonic() < ends:
        digest = hashlib.sha256(f"{seed} {kind} {batch}".encode()).digest()
        size = min(BATCH, count - done)
        say(event="batch", number=batch)
        hypothesis.seed(int.from_bytes(digest[:8], "big"))(
            settings(
                max_examples=size,
                phases=[Phase.generate],
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )(given(mutants(corpus))(try_one))
        )()
        done, batch = done + size, batch + 1
    shutil.rmtree(work, ignore_errors=True)
    say(event="finished")


def _through(door: Any, path: Path, content: bytes) -> list[str]:
    """Return what was wrong with how a file was taken: nothing, for one read or refused."""
    from trephine.errors import TrephineError

    for left in path.parent.iterdir():
        left.unlink()
    path.write_bytes(content)
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            door(path)
        except TrephineError as refusal:
            if len(str(refusal)) > 4000:
                found.append(f"a message of {len(str(refusal))} letters")
        except Exception as error:
            found.append(f"{type(error).__name__}: {str(error)[:200]} {_place(error)}")
    found += sorted({f"warning {w.category.__name__}: {str(w.message)[:200]}" for w in caught})
    return found


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/trephine/" in f.filename]
    ends = ([ours[-1]] if ours else []) + frames[-1:]
    return " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in ends)


def _peak() -> int:
    """Return the most memory in bytes; getrusage would count what the parent had when it forked."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def say(**event: Any) -> None:
    """Print one line of JSON for the parent."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def make_seeds(folder: Path, kinds: list[str]) -> None:
    """Write the corpus, one folder a kind."""
    from security.seeds import SEEDS

    for kind in kinds:
        target, scratch = folder / kind, folder / f".{kind}"
        target.mkdir(parents=True)
        scratch.mkdir()
        for number, content in enumerate(SEEDS[kind](scratch)):
            (target / f"{number:02d}").write_bytes(content)


def fuzz(kind: str, seeds: Path, keep: Path, count: int, seconds: float, seed: int) -> Outcome:
    """Put ``count`` mutants of a kind through its door, in as many processes as it takes."""
    outcome, batch, ends = Outcome(kind), 0, time.monotonic() + seconds
    while outcome.tried < count and time.monotonic() < ends:
        left = (count - outcome.tried, ends - time.monotonic())
        command = [sys.executable, *CHILD, "--child", kind, str(seeds), str(keep), str(batch)]
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [*command, str(left[0]), str(left[1]), str(seed)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            seen: set[str] = set()
            with process:
                for line in process.stdout or ():
                    event = json.loads(line) if line.startswith("{") else {}
                    seen.add(event.get("event", ""))
                    if event.get("event") == "batch":
                        batch = event["number"] + 1
                    elif event.get("event") == "tried":
                        outcome.tried += 1
                        outcome.most_seconds = max(outcome.most_seconds, event["seconds"])
                        outcome.most_bytes = max(outcome.most_bytes, event["bytes"])
                    elif event.get("event") == "finding":
                        outcome.findings.append(Finding(kind, event["what"], event["file"]))
            errors.seek(0)
            said = errors.read().decode(errors="replace")
        if "finished" not in seen:
            if "started" not in seen or not (keep / f".{kind}-now").exists():
                raise RuntimeError(f"{kind}: the child cannot start:\n{said[-3000:]}")
            what = f"process lost with code {process.returncode}"
            _, mark, trace = said.partition("Timeout (")
            place = keep / f"{kind}-lost-{len(outcome.findings):03d}"
            shutil.copyfile(keep / f".{kind}-now", place)
            what = f"hang: {trace[:900]}" if mark else f"{what}: {said[-900:]}"
            outcome.findings.append(Finding(kind, what, str(place)))
            outcome.tried += 1
    return outcome


def main() -> int:
    """Fuzz the kinds that are named, one after the other, and print what was found."""
    from security.seeds import SEEDS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", choices=[[], *SEEDS])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=3600.0, help="for each kind")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, default=None, help="folder for what breaks something")
    given = parser.parse_args()
    keep = given.keep or Path(tempfile.mkdtemp(prefix="trephine-fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    kinds = given.kinds or list(SEEDS)
    print(f"seed {given.seed}; what breaks something is kept in {keep}")
    wrong = 0
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            make_seeds(Path(folder), [kind])
            begun = time.monotonic()
            outcome = fuzz(kind, Path(folder), keep, given.count, given.seconds, given.seed)
        wrong += len(outcome.findings)
        took = time.monotonic() - begun
        print(
            f"{kind:12} {outcome.tried:6} files {took:6.0f} s {len(outcome.findings)} findings;"
            f" slowest {outcome.most_seconds:.2f} s of a processor,"
            f" largest {outcome.most_bytes >> 20} MiB",
            flush=True,
        )
        seen: dict[str, list[Finding]] = {}
        for finding in outcome.findings:
            seen.setdefault(finding.what.split(": ")[0] + finding.what[-80:], []).append(finding)
        for alike in seen.values():
            print(f"  {len(alike)} x {alike[0].what}\n      {alike[0].file}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        kind, seeds, keep, *rest = sys.argv[2:]
        batch, count, seconds, seed = int(rest[0]), int(rest[1]), float(rest[2]), int(rest[3])
        child(kind, Path(seeds), Path(keep), batch, count, seconds, seed)
    else:
        sys.exit(main())
