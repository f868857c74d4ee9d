"""Everything is in pyproject.toml but this: a wheel is built from nothing.

setuptools builds upon what an earlier ``pip install .`` left in build/lib: a module that was deleted since then, say a
migration that another branch had, would be in the new wheel too.
"""

import shutil
from pathlib import Path

from setuptools import setup

shutil.rmtree(Path(__file__).parent / "build" / "lib", ignore_errors=True)
setup()
