"""A YAML file that somebody else may have written, as plain data; what its keys mean is ``source.py``'s business."""

from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 64 * 1024
"""The largest source.yaml of the real data sets has 1 kB; PyYAML takes a second for 64."""


class _NotPlain(yaml.YAMLError):
    def __init__(self, reason: str, mark: Any) -> None:
        super().__init__(f"{reason} (line {mark.line + 1})")


class _PlainLoader(yaml.SafeLoader):
    """Without aliases, of which nine lines can stand for a billion values; without tags, some of which end PyYAML with
    errors that are none of its own; and a key that stands twice is no silent choice of the last."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise _NotPlain("an alias (*) is not taken; write it out", event.start_mark)
        if event.tag is not None:
            raise _NotPlain(f"the tag {event.tag} is not taken; leave it out", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _NotPlain(f'the key "{key.value}" stands twice; remove one of the two', key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_plain_yaml(path: Path) -> Any:
    """What the file holds. Raises OSError, RecursionError, and ValueError with a sentence without the file's name."""
    if not path.is_file():
        raise ValueError("is no file that can be read, but a pipe, a device or a folder; put the file itself there")
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise ValueError("is a link that leads out of its folder; put the file itself there")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"is larger than {MOST_BYTES // 1024} kB, which no mapping needs; shorten it")
    try:
        return yaml.load(content.decode("utf-8-sig"), Loader=_PlainLoader)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise ValueError(f"is no YAML: {' '.join(str(error).split())}") from error
