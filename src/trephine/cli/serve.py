"""``trephine serve``: models in the browser and as an API."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.ending.stopping import Stopped
from trephine.cli.terminal import console

Bundles = Annotated[list[Path], typer.Argument(help="The models: folders or .zip files.")]
Host = Annotated[
    str, typer.Option(help="Address to bind; any but this computer's own requires a token.")
]
Port = Annotated[int, typer.Option(help="Port to bind.", min=1, max=65535)]
HostNames = Annotated[
    list[str] | None,
    typer.Option(help="Host that browsers name, behind a proxy; may be repeated."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File with the access token; TREPHINE_SERVE_TOKEN is used if absent."),
]
OverTls = Annotated[
    bool, typer.Option("--https", help="Browsers reach it over TLS, through a proxy.")
]
OwnNetwork = Annotated[
    Path | None, typer.Option(help="The network's file, where a study used its own.")
]
Signer = Annotated[
    str | None,
    typer.Option(help="Who must have signed the models: a fingerprint or a public key's file."),
]
Megabytes = Annotated[int, typer.Option(help="Largest upload.", min=1, max=4096)]
AtOnce = Annotated[
    int, typer.Option(help="Predictions from radiographs at one time.", min=1, max=64)
]
Seconds = Annotated[float, typer.Option(help="Time limit for one prediction, in seconds.", min=1)]
Memory = Annotated[float, typer.Option(help="Memory limit for one prediction, in GiB.", min=1)]


def serve(
    bundles: Bundles,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    name: HostNames = None,
    token_file: TokenFile = None,
    https: OverTls = False,
    weights: OwnNetwork = None,
    signer: Signer = None,
    megabytes: Megabytes = 64,
    at_once: AtOnce = 2,
    seconds: Seconds = 120.0,
    memory: Memory = 6.0,
) -> None:
    """Serve models: calculator, prediction from radiographs, JSON API. Stops with Ctrl-C."""
    from trephine.modelling.signing_keys import signer_fingerprint
    from trephine.serve.extra import serving
    from trephine.serve.settings import ServeSettings, hosts_of, read_token

    token = read_token(token_file)
    settings = ServeSettings(
        host=host,
        port=port,
        names=hosts_of(host, tuple(name or ()), token),
        token=token,
        scheme="https" if https else "http",
        upload_bytes=megabytes << 20,
        at_once=at_once,
        seconds=seconds,
        memory_bytes=int(memory * (1 << 30)),
    )
    open_models, serve_models = serving()
    demanded = None if signer is None else signer_fingerprint(signer)
    models = open_models(bundles, settings, weights, demanded)
    console.print(f"Open http://{host}:{port}/ in a browser; Ctrl-C stops.", soft_wrap=True)
    # Requests that run are finished: the deadline of other verbs would end them.
    before = signal.set_wakeup_fd(-1)
    try:
        serve_models(models, settings)
    except (Stopped, KeyboardInterrupt):
        pass  # uvicorn says again what it has heeded
    finally:
        signal.set_wakeup_fd(before)
