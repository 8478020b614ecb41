"""Several balancer processes of one region behind one port.

One process uses one core. More of them are balancers like any others: each has a queue, a ledger and an
index of its own, they are peers of one another, and a request crosses between two of them once at most.
Nothing is shared but the port.

`division` says what each process is told, `sockets` how they come by one port, `child` is one of them,
`backoff` when a dead one is started again, and `parent` keeps them all running until it is told to end.
"""
