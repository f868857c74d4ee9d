import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import subs_assets
from subs_assets.database.lock import NOTE_FILE, RunLocked, current_holder, run_lock

HOLD = """
import sys
from pathlib import Path
from subs_assets.database.lock import run_lock

with run_lock(Path(sys.argv[1]), holder="subs run"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held_by_another_process(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(subs_assets.__file__).parents[1])},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"held"
        try:
            yield child
        finally:
            child.kill()


def test_the_holder_is_named_and_what_to_do(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as child:
        with pytest.raises(RunLocked) as caught, run_lock(tmp_path, "me"):
            pytest.fail("two hold the lock")
        assert f"subs run (process {child.pid} on " in str(caught.value)
        assert "Nothing was written. Wait for it and try again, or end that process" in str(caught.value)


def test_the_death_of_the_holder_frees_the_lock(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as child:
        child.kill()
        child.wait()
        assert (tmp_path / NOTE_FILE).exists(), "it had no chance to tidy up"
        with run_lock(tmp_path, "me"):
            assert f"me (process {os.getpid()} on " in current_holder(tmp_path)


def test_waiting_ends_with_the_holder(tmp_path: Path) -> None:
    heard: list[str] = []
    with held_by_another_process(tmp_path) as child:

        def end_it(sentence: str) -> None:
            heard.append(sentence)
            child.kill()

        with run_lock(tmp_path, "me", wait_seconds=30, on_wait=end_it):
            pass
        assert len(heard) == 1
        assert heard[0].startswith(f"waiting for subs run (process {child.pid} on ")


def test_waiting_ends_in_time(tmp_path: Path) -> None:
    with run_lock(tmp_path, "first"):
        start = time.monotonic()
        with (
            pytest.raises(RunLocked, match=r"first \(process .* waited for 0.3 seconds"),
            run_lock(tmp_path, "me", 0.3),
        ):
            pytest.fail("two hold the lock")
        assert 0.3 <= time.monotonic() - start < 5


def test_one_at_a_time_among_threads(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with run_lock(tmp_path, "thread", wait_seconds=30):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_it_is_freed_by_an_exception_and_leaves_no_note(tmp_path: Path) -> None:
    def fail() -> None:
        with run_lock(tmp_path / "new home", "first"):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert not (tmp_path / "new home" / NOTE_FILE).exists()
    with run_lock(tmp_path / "new home", "second"):
        pass


@pytest.mark.parametrize("note", ["", "{", "[]", "null", '{"pid": 1}', "\udcff"])
def test_a_note_that_cannot_be_read_does_no_harm(tmp_path: Path, note: str) -> None:
    with run_lock(tmp_path, "first"):
        (tmp_path / NOTE_FILE).write_bytes(note.encode("utf-8", "surrogateescape"))
        with pytest.raises(RunLocked, match=r"^another process writes to"), run_lock(tmp_path, "me"):
            pytest.fail("two hold the lock")
