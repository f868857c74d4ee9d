"""``subs doctor``: what is wrong with this installation, and what to do about it."""

import sys
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from subs_assets.commands.output import console, errors, fail, print_json, say
from subs_assets.doctor.finding import Finding

STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Look at everything that a night needs, and say what to do where something is wrong. Nothing is changed.

    Ends with 0 where there is no error (warnings may be there), with 1 where there is one.
    """
    from subs_assets.doctor.examination import looks
    from subs_assets.doctor.finding import findings_of

    rows = []
    for subject, look in looks():
        with errors.status(f"looking at {subject}"):
            found = [_without_secrets(finding) for finding in findings_of(look)]
        for finding in found:
            rows.append({"subject": subject, **asdict(finding)})
            if not as_json:
                _show(subject, finding)
    counts = Counter(row["state"] for row in rows)
    if as_json:
        print_json({"findings": rows, "errors": counts["error"], "warnings": counts["warning"]})
    if counts["error"]:
        fail(f"{_count(counts['error'], 'error')}, {_count(counts['warning'], 'warning')}")
    if not as_json:
        say(f"no error, {_count(counts['warning'], 'warning')}")


def _show(subject: str, finding: Finding) -> None:
    line = Text.assemble((f"{finding.state:<8}", STYLES[finding.state]), (f"{subject}: ", "bold"), finding.found)
    console.print(line, soft_wrap=True)
    if finding.remedy:
        say(f"        -> {finding.remedy.replace(chr(10), chr(10) + ' ' * 11)}")
    sys.stdout.flush()


def _without_secrets(finding: Finding) -> Finding:
    from subs_assets.redaction import without_secrets

    return Finding(finding.state, without_secrets(finding.found), without_secrets(finding.remedy))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def register(app: typer.Typer) -> None:
    app.command()(doctor)
