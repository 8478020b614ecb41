"""What a balancer decides: a library without sockets, clock or threads.

Read in this order: `messages` (what goes in and comes out), `switches` (what makes one system out of
another), `balancer` (the state machine), `queue`, `ledger` and `pools` (where requests are), `admission`,
`policies` and `stealing` (the rules).
"""
