"""Where the files of a company may lie; which of them are its catalogue is ``source.py``'s business."""

import re
from collections.abc import Mapping
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)\}(?P<below>(?:[/\\].*)?)")


def folder_of_files(folder: str, home: Path, environment: Mapping[str, str]) -> Path:
    """Within the company's own folder, or within the one that a variable ``..._CATALOGUES`` names; a source.yaml may be
    somebody else's, and neither reads other files nor shows what another variable holds.

    ``folder`` as source.yaml has it, ``home`` the company's own, absolute. Raises ValueError with a sentence.
    """
    variable = _VARIABLE.fullmatch(folder)
    if folder.count("${") != (variable is not None):
        raise ValueError(
            f'a variable stands at the beginning of folder, and once: "${{MY_CATALOGUES}}/...", and not "{folder}"'
        )
    if variable is None:
        root, below = home, folder
    else:
        name = variable["name"]
        if not name.endswith("CATALOGUES"):
            raise ValueError(
                f"folder names the environment variable {name}; only one whose name ends in CATALOGUES says what may "
                "be read: set one to the folder that holds the files, and name it here"
            )
        if not environment.get(name):
            raise ValueError(
                f"folder names the environment variable {name}, which is not set; "
                "set it to the folder that holds the files"
            )
        root, below = (home / environment[name]).resolve(), variable["below"].lstrip("/\\")
    found = (root / below).resolve()
    if not found.is_relative_to(root):
        where = "the company's own folder" if variable is None else f"that of {variable['name']}"
        raise ValueError(
            f'the folder "{folder}" lies outside {where}; put the files there, or set an environment variable such as '
            "MY_CATALOGUES to where they are and say ${MY_CATALOGUES}/..."
        )
    return found
