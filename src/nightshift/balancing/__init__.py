"""What a balancer decides: a library without sockets, clock or threads.

Read in this order: `messages` (what goes in and comes out), `switches` (what makes one system out of
another), `balancer` (the state machine), `placement` and `waiting` (what it does with a request), `queue`,
`ledger`, `replica_pool` and `peer_pool` (where requests are), `candidates` (sets of targets without going
over them), `admission`, `health`, `policies` and `stealing` (the rules), `explain` (why).
"""
