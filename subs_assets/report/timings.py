"""How long the run's steps took."""

from dataclasses import dataclass

import pandas as pd

from subs_assets.report.night import Run, Step

COLUMNS = ["step", "seconds"]


@dataclass(frozen=True)
class Timings:
    """``steps`` in the order in which they ended."""

    steps: pd.DataFrame

    @property
    def seconds(self) -> float:
        return float(self.steps["seconds"].sum())


def timings_of(run: Run, shortest: float = 0.5) -> Timings:
    """Steps shorter than ``shortest`` seconds are shown as one."""
    long_steps = [step for step in run.steps if step.seconds >= shortest]
    others = [step for step in run.steps if step.seconds < shortest]
    if others:
        long_steps.append(Step(f"{len(others)} of less than {shortest} s", sum(step.seconds for step in others)))
    return Timings(pd.DataFrame([(step.name, step.seconds) for step in long_steps], columns=COLUMNS))
