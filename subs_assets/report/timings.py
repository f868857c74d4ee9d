"""How long the run's steps took, and how long the last runs."""

from dataclasses import dataclass

import pandas as pd

from subs_assets.report.night import Run, Step

COLUMNS = ["step", "seconds"]


@dataclass(frozen=True)
class Timings:
    """``steps`` in the order in which they ended, and ``runs`` (``published_at``, ``seconds``), oldest first."""

    steps: pd.DataFrame
    runs: pd.DataFrame

    @property
    def seconds(self) -> float:
        return float(self.steps["seconds"].sum())


def timings_of(run: Run, shortest: float = 0.5) -> Timings:
    """Steps shorter than ``shortest`` seconds are shown as one."""
    long_steps = [step for step in run.steps if step.seconds >= shortest]
    others = [step for step in run.steps if step.seconds < shortest]
    if others:
        long_steps.append(Step(f"{len(others)} of less than {shortest} s", sum(step.seconds for step in others)))
    history = run.history.dropna(subset=["seconds"])
    runs = history[["published_at", "seconds"]].iloc[::-1]
    return Timings(
        pd.DataFrame([(step.name, step.seconds) for step in long_steps], columns=COLUMNS),
        # To the second: two runs may be published within a minute, and one label would be one bar.
        runs.assign(published_at=runs["published_at"].str[:19].str.replace("T", " ")).reset_index(drop=True),
    )
