"""A WAN between regions on one machine: a relay in user space, without privileges.

Each link is a listening socket that stands for a far region; what goes through it takes as long as
it would take between the two regions. Packages further up start it as the process `nightshift wan run`
(see `docs/reference/wan.md`); in a test, `Relay` may be used directly.
"""
