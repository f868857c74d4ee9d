"""Who gives a command, when the command does not say it."""

import getpass


def whoever_is_logged_in() -> str:
    """Empty for an account without a name, as in a container."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
