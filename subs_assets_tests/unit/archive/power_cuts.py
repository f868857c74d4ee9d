"""What a power cut may leave: everything that is done to a folder is followed, and states that its disk may be in after
each step are built again; POSIX only, and what must hold of a state is not known here.

A disk keeps what was fsynced. Of what was not, it may keep any part: of a file its content as it was at the last fsync,
as it is now, or torn; of a folder each name that was made or taken away since its last fsync, or not.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

WATCHED = ("open", "mkdir", "rename", "replace", "link", "unlink", "rmdir", "fsync")
ALL_LOST, ALL_KEPT = 0.0, 1.0


@dataclass
class Node:
    """A file or a folder. ``kept`` and ``names`` are what the disk has for certain; ``now`` is what programs see, and
    ``pending`` are the names that were made (a node) or taken away (None) since.
    """

    path: Path
    is_folder: bool
    kept: bytes = b""
    now: bytes = b""
    names: dict[str, "Node"] = field(default_factory=dict)
    pending: list[tuple[str, "Node | None"]] = field(default_factory=list)

    def seen_names(self) -> dict[str, "Node"]:
        return _applied(self.names, self.pending)


class Disk:
    """Follows what happens below ``root``, whose content so far is on the disk."""

    def __init__(self, root: Path) -> None:
        self._alive: dict[int, Node] = {}  # by inode
        self._root = Node(root, is_folder=True)
        self._look_again()
        for node in self._alive.values():
            _keep(node)

    def follow(self, work: Callable[[], object], after_each_step: Callable[[], None]) -> None:
        """Do the work, and call the other after each step that changes names or has something on the disk."""

        def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **keywords: Any) -> Any:
                result = real(*arguments, **keywords)
                with mock.patch.multiple(os, **functions):
                    changed = self._look_again()
                    if name == "fsync":
                        _keep(self._node_of(arguments[0]))
                    if changed or name == "fsync":
                        after_each_step()
                return result

            return call

        functions = {name: getattr(os, name) for name in WATCHED}
        with mock.patch.multiple(os, **{name: watched(name, real) for name, real in functions.items()}):
            work()

    def write_state(self, folder: Path, kept: float, chance: random.Random) -> None:
        """Build a state in a new folder: each thing that was not fsynced is kept with that probability."""
        _write(self._root, folder, kept, chance)

    def _node_of(self, descriptor: int) -> Node:
        inode = os.fstat(descriptor).st_ino
        # A folder above the root: what is below it is all that matters.
        return self._alive.get(inode, Node(self._root.path, is_folder=True))

    def _look_again(self) -> bool:
        alive: dict[int, Node] = {}
        changed = self._look(self._root, alive)
        self._alive = alive
        return changed

    def _look(self, folder: Node, alive: dict[int, Node]) -> bool:
        """Note what has changed since the last look; whether a name has."""
        alive[folder.path.stat().st_ino] = folder
        before = folder.seen_names()
        now: dict[str, Node] = {}
        for path in folder.path.iterdir():
            inode = path.lstat().st_ino
            node = alive.get(inode) or self._alive.get(inode) or Node(path, path.is_dir())
            alive[inode] = now[path.name] = node
            node.path = path
        made = [(name, node) for name, node in now.items() if before.get(name) is not node]
        taken = [name for name in before if name not in now]
        folder.pending += [*made, *((name, None) for name in taken)]
        changed = bool(made or taken)
        for node in now.values():
            if node.is_folder:
                changed |= self._look(node, alive)
            else:
                node.now = node.path.read_bytes()
        return changed


def _keep(node: Node) -> None:
    """What is seen of it is on the disk."""
    node.kept = node.now
    node.names, node.pending = node.seen_names(), []


def _applied(names: dict[str, Node], changes: list[tuple[str, Node | None]]) -> dict[str, Node]:
    found = dict(names)
    for name, node in changes:
        if node is None:
            found.pop(name, None)
        else:
            found[name] = node
    return found


def _write(node: Node, path: Path, kept: float, chance: random.Random) -> None:
    if not node.is_folder:
        path.write_bytes(_content(node, kept, chance))
        return
    path.mkdir()
    changes = [change for change in node.pending if chance.random() < kept]
    for name, child in _applied(node.names, changes).items():
        _write(child, path / name, kept, chance)


def _content(node: Node, kept: float, chance: random.Random) -> bytes:
    if chance.random() < kept:
        return node.now
    if kept == ALL_LOST or node.now == node.kept or chance.random() < 0.5:
        return node.kept
    torn = chance.randrange(len(node.now) + 1)  # the length came to the disk, the rest of the blocks did not
    return node.now[:torn] + bytes(len(node.now) - torn)
