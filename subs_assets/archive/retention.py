"""How long archives stay unless somebody says otherwise; which ones that are is decided in prune.py."""

from typing import NamedTuple


class Retention(NamedTuple):
    """Of how many days, weeks and months that have an archive the newest one stays."""

    daily: int = 7
    weekly: int = 5
    monthly: int = 12
