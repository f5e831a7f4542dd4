"""Doing one thing to many items on a cluster of dask, behind the interface of executors.

What items share is sent to each worker once, as bytes that the scheduler can send again when a
worker is lost. Items and results travel as bytes too: dask would hand arrays over that cannot be
written to, for which kernels would be compiled anew.
"""

from __future__ import annotations

import importlib.metadata
import logging
import pickle
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from trephine import __version__
from trephine.errors import InputError, WorkerError
from trephine.executors import (
    Progress,
    counted,
    work_at,
    worker_count,
)
from trephine.handing_over import packed, taken
from trephine.workers import starting

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Pending

    Future = Pending[bytes]

Result = TypeVar("Result")

EXECUTORS = "serial, local, dask:local or dask:ADDRESS"
_DASK = "dask:"

_CONNECT_SECONDS = 15
_WORKERS_SECONDS = 60
# Items that are with the cluster at a time, for each worker: none waits, and memory is bounded.
_AHEAD = 8
_KEPT = "what was finished is kept: run the same command again"


@contextmanager
def work_done_by(executor: str, workers: int | None = None) -> Iterator[None]:
    """Have the executors inside a ``with`` block work where a user wants it.

    Parameters
    ----------
    executor
        "serial" in this process, "local" in processes of this machine, "dask:local" on a cluster of
        processes that is started for the block, "dask:ADDRESS" at the scheduler of a cluster, for
        example dask:tls://node7:8786.
    workers
        Of dask:local; all processors by default.

    Raises
    ------
    InputError
        If there is no such executor, dask is not installed, nothing answers at the address, or
        another version of Trephine does.
    """
    if executor == "local":
        with work_at("local"):
            yield
    elif executor == "serial":
        with work_at("serial"):
            yield
    elif executor.startswith(_DASK) and len(executor) > len(_DASK):
        with _cluster(executor.removeprefix(_DASK), workers) as cluster, work_at(cluster):
            yield
    else:
        raise InputError(f"--executor: expected {EXECUTORS}, found {executor!r}")


class Cluster:
    """A cluster that is connected to.

    Parameters
    ----------
    client
        The connection.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def workers(self) -> int:
        """How many items it works on at once."""
        try:
            threads: int = sum(self._client.nthreads().values())
        except OSError:  # the scheduler does not answer; dask's words name addresses
            raise _lost() from None
        return max(threads, 1)

    @contextmanager
    def executor(self, shared: tuple[Any, ...]) -> Iterator[DaskExecutor]:
        """Give an executor whose items share this."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            blob = self._client.submit(_itself, packed(shared), pure=False)
        try:
            yield DaskExecutor(self._client, blob, _AHEAD * self.workers)
        finally:
            blob.release()


class DaskExecutor:
    """Runs items on the workers of a cluster.

    Parameters
    ----------
    client
        The connection.
    shared
        What the function takes before each item, packed, as it lies on the cluster.
    ahead
        Items that are with the cluster at a time.
    """

    def __init__(self, client: Client, shared: Future, ahead: int) -> None:
        self._client, self._shared, self._ahead = client, shared, ahead
        self._name = uuid.uuid4().hex

    def map(
        self,
        function: Callable[..., Result],
        items: Sequence[Any],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Yield ``function(*shared, item)`` for each item, in order.

        Raises
        ------
        WorkerError
            If the cluster is lost, or an item ends one worker after the other.
        """
        return counted(self._results(function, items), len(items), progress)

    def _results(self, function: Callable[..., Result], items: Sequence[Any]) -> Iterator[Result]:
        rest, waiting = iter(items), deque[Any]()
        try:
            while True:
                for item in islice(rest, self._ahead - len(waiting)):
                    waiting.append(self._begin(function, item))
                if not waiting:
                    return
                yield self._end(waiting.popleft())
        finally:
            if waiting:
                self._client.cancel(list(waiting), force=True)

    def _begin(self, function: Callable[..., Result], item: Any) -> Future:
        content = pickle.dumps((function, item), protocol=pickle.HIGHEST_PROTOCOL)
        return self._client.submit(
            _work_on_cluster, self._shared, self._name, __version__, content, pure=False
        )

    def _end(self, future: Future) -> Any:
        from distributed.scheduler import KilledWorker

        try:
            answer = future.result()
        except KilledWorker:
            raise WorkerError(
                "cluster: expected each piece of work to end, found one that ended several workers"
                f" one after the other, out of memory perhaps; {_KEPT}, with more memory for each"
            ) from None
        except ModuleNotFoundError as error:
            raise WorkerError(
                f"cluster: expected Trephine {__version__} on every worker, found one without"
                f" {error.name}"
            ) from None
        except Exception:  # what work raises comes in its answer: this is of the cluster
            raise _lost() from None
        done, value = pickle.loads(answer)  # noqa: S301 - from the cluster that the user chose
        if done:
            return value
        raise value


def _lost() -> WorkerError:
    return WorkerError(f"cluster: expected the scheduler to answer, found that it is lost; {_KEPT}")


def _itself(content: bytes) -> bytes:
    return content


def _work_on_cluster(shared: bytes, name: str, version: str, content: bytes) -> bytes:
    """Do one item on a worker; return (whether it was done, its result or error), pickled."""
    try:
        _refuse_other(version, "this worker")
        function, item = pickle.loads(content)  # noqa: S301 - sent by the client of this cluster
        # Both sent by the client of this cluster.
        answer = True, function(*taken(name, lambda: pickle.loads(shared)), item)  # noqa: S301
        return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        try:
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, WorkerError(f"cluster: {type(error).__name__}: {error}")))


def _refuse_other(version: str, where: str) -> None:
    if version != __version__:
        raise WorkerError(
            f"cluster: expected Trephine {version}, as where the command was given, found"
            f" {__version__} on {where}; install one version everywhere"
        )


@contextmanager
def _cluster(address: str, workers: int | None) -> Iterator[Cluster]:
    try:
        import distributed
    except ImportError:
        raise InputError(
            "--executor: expected dask to be installed, found that it is not:"
            " pip install 'trephine[dask]'"
        ) from None
    _keep_quiet()
    with ExitStack() as stack:
        if address == "local":
            address = stack.enter_context(_of_this_machine(workers))
        try:
            client = stack.enter_context(
                distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
            )
            client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
        except (OSError, ValueError) as error:
            found = "a scheduler without workers" if isinstance(error, TimeoutError) else "none"
            raise InputError(
                "--executor: expected a dask scheduler with workers that answers at the address"
                f" given, found {found}"
            ) from None
        _check_versions(client)
        yield Cluster(client)


def _keep_quiet() -> None:
    """Leave it to our errors to say what went wrong; dask sets a level for each of its loggers."""
    for name in (*logging.root.manager.loggerDict, "distributed"):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _of_this_machine(workers: int | None) -> Iterator[Any]:
    """Start a cluster of processes; nobody else on this machine can give it work."""
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.worker.daemon": False}),
        starting(),  # Ctrl-C is for the command, which ends its workers
    ):
        cluster = LocalCluster(
            n_workers=worker_count(workers),
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,
            # Its small server wants port 8787 otherwise, which a second run would find taken.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
            security=True,
        )
    with cluster:
        yield cluster


def _check_versions(client: Client) -> None:
    """Refuse a cluster on which another version of Trephine would work.

    Raises
    ------
    InputError
        With the versions that were found.
    """
    answers = client.run(_version, "trephine", on_error="return")
    found = {answer if isinstance(answer, str) else "none" for answer in answers.values()}
    with suppress(importlib.metadata.PackageNotFoundError):  # a scheduler passes bytes on
        found.add(client.run_on_scheduler(_version, "trephine"))
    if found != {__version__}:
        raise InputError(
            f"--executor: expected Trephine {__version__} on scheduler and workers, found"
            f" {', '.join(sorted(found))}; install one version everywhere"
        )


# A function of Python's own: it can be asked where no Trephine is.
_version = importlib.metadata.version
