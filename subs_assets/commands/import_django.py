"""``subs archive import-django``: a Django app's dumps become the tables of a database."""

from pathlib import Path
from typing import Annotated

import typer

from subs_assets.commands.output import errors, fail, print_table, say, told_by_table


def import_django(
    folder: Annotated[Path, typer.Argument(help="Where the files of Django's dumpdata lie.")],
    into: Annotated[str, typer.Option(help="SQLAlchemy URL of an empty database; an SQLite file may be missing.")],
) -> None:
    """Make tables of a Django app's dumpdata files in an empty database: all of them, or none."""
    from dataclasses import asdict

    from subs_assets.archive.django.tables import import_dump
    from subs_assets.archive.errors import ArchiveError, BadDump

    try:
        with told_by_table("importing") as progress:
            imported = import_dump(folder, into, progress)
    except BadDump as problem:
        for sentence in problem.problems:
            say(sentence, errors)
        fail(str(problem))
    except ArchiveError as problem:
        fail(str(problem))
    for sentence in imported.notes:
        say(f"note: {sentence}", errors)
    print_table(
        [
            {"file": file, "model": model, "objects": objects}
            for file, models in imported.files.items()
            for model, objects in (models or {"": 0}).items()
        ],
        f"Read from {folder}",
    )
    print_table([asdict(table) for table in imported.tables], "Imported")
    objects = sum(sum(models.values()) for models in imported.files.values())
    rows = sum(table.rows for table in imported.tables)
    say(f"{objects:,} objects of {len(imported.files)} files are {rows:,} rows of {len(imported.tables)} tables")
