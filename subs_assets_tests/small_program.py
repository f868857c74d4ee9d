"""``subs run`` and Dagster's code location with the small encoder, for processes of their own: all else is the program
itself, on the catalogues and the home that the environment names."""

import os
import sys
from pathlib import Path

from subs_assets import cli
from subs_assets.commands import run
from subs_assets.settings import Settings
from subs_assets_tests.halting import HaltFolder
from subs_assets_tests.shops_and_runs import nightly_of_the_environment, small_definitions

HALT_FOLDER = "SUBS_TESTS_HALT_FOLDER"
"""The variable that names the folder for the runs which Dagster launches."""


def subs(*arguments: str) -> None:
    """The command line; ends the process with its exit code."""
    run.nightly_job = nightly_of_the_environment
    sys.argv = ["subs", *arguments]
    cli.main()


if HALT_FOLDER in os.environ:
    HaltFolder(Path(os.environ[HALT_FOLDER])).obey()
    defs = small_definitions(Settings.from_environment())
