"""What the tests let workers compute. Each task leaves a file, so that it can be told who ran what, and how often."""

import os
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def row_sum(matrix: NDArray[np.float64], row: int) -> float:
    return float(matrix[row].sum())


def nothing(_: object, task: int) -> int:
    return task


def kind_of(array: NDArray[Any], _: int) -> str:
    return type(array).__name__


def leave_mark(folder: Path, task: int) -> int:
    (folder / f"{task}-{os.getpid()}-{uuid.uuid4().hex}").touch()
    return task


def marks(folder: Path) -> list[tuple[int, int]]:
    """(task, process) of every time that a task was run."""
    return [(int(task), int(process)) for task, process, _ in (path.name.split("-") for path in folder.glob("*-*-*"))]


def kill_the_first_process(folder: Path, task: int) -> int:
    """Whoever comes to the sixth task first is killed in the middle of it."""
    leave_mark(folder, task)
    if task == 5 and len([found for found, _ in marks(folder) if found == 5]) == 1:
        import psutil

        psutil.Process().kill()
    return task


def kill_every_process(folder: Path, task: int) -> int:
    import psutil

    psutil.Process().kill()
    return task


def refuse_the_sixth(folder: Path, task: int) -> int:
    leave_mark(folder, task)
    if task == 5:
        raise ValueError("the sixth task is not liked")
    return task


def import_what_is_missing(_: object, task: int) -> int:
    import subs_assets.missing_here  # type: ignore[import-not-found]

    return int(subs_assets.missing_here.number) + task


def slowly(folder: Path, task: int) -> int:
    time.sleep(0.05)
    return leave_mark(folder, task)
