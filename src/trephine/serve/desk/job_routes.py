"""Check and run: started, followed while they go on, stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlencode

import anyio
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse

from trephine.serve.desk.pages import Desk, onward, own_texts
from trephine.serve.desk.render import desk_environment
from trephine.study.jobs.process import (
    JobState,
    ProblemState,
    Verb,
    digest_of,
    job_file,
    log_file,
    standing,
)
from trephine.study.shelf.studies import ShelvedStudy

_LOOK_EVERY_S = 0.4
# A browser comes back by itself when a stream ends: no request lasts longer than others may.
_STREAM_S = 20.0


@dataclass(frozen=True)
class LinkedProblem:
    """A problem, and where the desk shows its place; an empty link where there is none."""

    problem: ProblemState
    link: str


def job_routes(desk: Desk) -> APIRouter:
    """Return the routes of check and run."""
    routes = APIRouter(include_in_schema=False)
    for verb in get_args(Verb):
        _routes_of(routes, desk, verb)

    @routes.get("/studies/{address}/log/{verb}")
    def log(address: str, verb: Verb) -> Response:
        file = log_file(desk.study(address).path, verb)
        if not file.is_file():  # and regular, and beside its study: the shelf has looked
            raise HTTPException(404)
        return FileResponse(file, media_type="text/plain; charset=utf-8")

    return routes


def _routes_of(routes: APIRouter, desk: Desk, verb: Verb) -> None:
    room = f"/studies/{{address}}/{verb}"

    @routes.get(room)
    def shown(request: Request, address: str) -> Response:
        study = desk.study(address)
        starting = desk.queue.is_starting(study.path, verb)
        facts = _facts(study, verb)
        return desk.shown(request, f"{verb}.html.j2", study, starting=starting, **facts)

    @routes.post(room)
    async def ask(request: Request, address: str) -> Response:
        await own_texts(desk, request)
        study = desk.study(address)
        await anyio.to_thread.run_sync(desk.queue.ask, study.path, verb)
        return onward(study, verb)

    @routes.post(f"{room}/stop")
    async def stop(request: Request, address: str) -> Response:
        await own_texts(desk, request)
        study = desk.study(address)
        await anyio.to_thread.run_sync(desk.queue.stop, study.path, verb)
        return onward(study, verb)

    @routes.get(f"{room}/events")
    def events(request: Request, address: str) -> Response:
        study = desk.study(address)
        given = desk.common(request, study)
        template = desk_environment().get_template("desk/progress.html.j2")

        def rendered(job: JobState) -> str:
            starting = desk.queue.is_starting(study.path, verb)
            return template.render(**given, job=job, starting=starting)

        return StreamingResponse(_events(study, verb, rendered), media_type="text/event-stream")


async def _events(
    study: ShelvedStudy, verb: Verb, rendered: Callable[[JobState], str]
) -> AsyncIterator[str]:
    """Send a job's progress each time that it changes, and "end" once it is over."""
    before = ""
    until = anyio.current_time() + _STREAM_S
    while anyio.current_time() < until:
        job = await anyio.to_thread.run_sync(standing, job_file(study.path, verb))
        if job is None or not job.is_open:
            yield "event: end\ndata: end\n\n"
            return
        if (now := rendered(job)) != before:
            yield "retry: 500\n" + "".join(f"data: {line}\n" for line in now.splitlines()) + "\n"
            before = now
        await anyio.sleep(_LOOK_EVERY_S)


def _facts(study: ShelvedStudy, verb: Verb) -> dict[str, Any]:
    job = study.check if verb == "check" else study.run
    problems = () if job is None else job.problems
    return {
        "job": job,
        "linked": [LinkedProblem(one, _link(study, one)) for one in problems],
        "log": log_file(study.path, verb) if log_file(study.path, verb).is_file() else None,
        "outdated": job is not None and not job.is_open and job.digest != digest_of(study.path),
    }


def _link(study: ShelvedStudy, one: ProblemState) -> str:
    """Return where the desk shows a problem's cell, or its place in the study file."""
    room = f"/studies/{study.address}/data"
    if one.rows or one.column:
        place = {"row": one.rows[0]} if one.rows else {}
        asked = {**place, **({"column": one.column} if one.column else {})}
        return f"{room}?{urlencode(asked)}#cell"
    return f"{room}#file" if one.where.startswith((study.path.name, "study.toml")) else ""
