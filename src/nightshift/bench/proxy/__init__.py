"""What a proxy costs: this balancer beside the routers and proxies that people use, on the same traffic.

`cells` says what traffic, `contestants` who takes part and how each is started, `engine` is the upstream and
`load` the client, each a process of its own. `measure` brackets one load with readings of `usage`, `run` goes
through all in shuffled order, `statistics`, `pairs` and `goals` make figures of it, `tables` shows them.
"""
