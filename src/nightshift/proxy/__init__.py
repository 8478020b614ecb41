"""The live balancer: HTTP/1.1 on both sides, in front of `balancing/`, which decides.

Read in this order: `request` and `client` (what a client sends), `placing` (from there to a request that
can be placed), `dispatcher` (the shell of the state machine), `exchange` and `delivery` (one request, and
getting it to one target), `upstream` and `pool` (connections to targets), `answer` (what the client gets),
`probes` and `peers` (what the balancer learns), `own_pages` (its own endpoints).
"""
