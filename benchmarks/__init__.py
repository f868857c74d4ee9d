"""How long things take and how much memory, each beside something else that was measured in the same run."""
