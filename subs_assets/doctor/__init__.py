"""What `subs doctor` looks at: one module a subject. Nothing is mended here, nothing is written but a probe that is
removed again, and the run lock is not taken.

Nothing heavy is imported at module level: the doctor is asked when packages are missing.
"""
