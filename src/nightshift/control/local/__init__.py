"""A whole fleet as processes of this machine: replicas, WAN links, balancers.

`plan` says what is wanted, `wiring` (pure) who speaks to whom and through which link, `recipes` how each
process is started, `fleet` starts them, watches them, and leaves none behind.
"""
