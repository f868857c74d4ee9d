"""The commands of ``subs``: one module a group; each command reads its options, asks a domain package, and prints.

Nothing heavy is imported at module level: ``subs --help`` must come at once.
"""
