"""Comparing systems: each on a fresh, cold fleet, one after another, on the same work.

`experiment` says what is compared, `one_system` runs one of them, `sampler` watches its fleet meanwhile,
`summary` turns records into figures, `run` goes through all and leaves a result folder, `command` is the
command line.
"""
