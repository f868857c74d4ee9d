"""Requests that reach a server on a clock, whether it has answered those before them or not; sent by a process of its
own, as a browser or an app is one. What they ask, and what their times mean, is the caller's."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import httpx2

SPAWN = multiprocessing.get_context("spawn")
MOST_SECONDS = 60.0
"""That an answer may take; then it counts as an error."""


@dataclass(frozen=True)
class Answer:
    """``milliseconds`` from when the request was due, and not from when it was sent: one that has to wait for others
    has waited. ``problem``: the status of an answer that is none of what was asked for, or why there was none."""

    kind: str
    milliseconds: float
    problem: str | None = None


@dataclass(frozen=True)
class Asked:
    """``paths`` of each kind, taken in turn, one kind after the other; ``rate`` requests a second in all."""

    address: str
    paths: Mapping[str, Sequence[str]]
    rate: float


def answers_of(asked: Asked, seconds: float) -> list[Answer]:
    """What came of ``seconds`` of such requests."""
    with arriving(asked) as answers:
        time.sleep(seconds)
    return answers


@contextmanager
def arriving(asked: Asked) -> Iterator[list[Answer]]:
    """While the block is worked on; its value has the answers when it is left. Raises RuntimeError where the process
    that asks ends before it has told them."""
    answers: list[Answer] = []
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=_send_until_told, args=(asked, there))
    process.start()
    there.close()  # the other process has its own: without this one, its end is seen
    try:
        _told(here, asked)  # connected
        yield answers
        answers += _told(here, asked, "enough")
    finally:
        process.join(MOST_SECONDS)
        process.terminate()


def _told(process: Connection, asked: Asked, word: str | None = None) -> Any:
    """What the process that asks says next, after this ``word`` to it."""
    try:
        if word is not None:
            process.send(word)
        return process.recv()
    except (EOFError, ConnectionError):
        kinds = ", ".join(f"{kind} ({len(paths)})" for kind, paths in asked.paths.items())
        raise RuntimeError(
            f"the process that asks {asked.address} for {kinds} ended before it had answers; its own error stands above"
        ) from None


def _send_until_told(asked: Asked, parent: Connection) -> None:
    parent.send(asyncio.run(_send(asked, parent)))


async def _send(asked: Asked, parent: Connection) -> list[Answer]:
    kinds = list(asked.paths)
    tasks: list[asyncio.Task[Answer]] = []
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=asked.address, timeout=MOST_SECONDS, limits=limits) as client:
        for kind in kinds:  # the first of a kind pays for what the server loads once
            await _ask(client, kind, asked.paths[kind][0], time.perf_counter())
        parent.send("connected")
        started = time.perf_counter()
        while not parent.poll():
            number = len(tasks)
            kind, turn = kinds[number % len(kinds)], number // len(kinds)
            path, due = asked.paths[kind][turn % len(asked.paths[kind])], started + number / asked.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(_ask(client, kind, path, due)))
        return await asyncio.gather(*tasks)


async def _ask(client: httpx2.AsyncClient, kind: str, path: str, due: float) -> Answer:
    try:
        answer = await client.get(path)
        problem = None if answer.is_success else f"{answer.status_code} {answer.text[:200]}"
    except httpx2.HTTPError as failed:
        problem = repr(failed)
    return Answer(kind, 1000 * (time.perf_counter() - due), problem)
