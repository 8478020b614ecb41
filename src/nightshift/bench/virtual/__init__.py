"""The benchmark in virtual time: the same experiment, without processes, sockets or waiting.

Workloads, seeds and switches are those of the live run, the decisions are made by the same state machine
and the engine is the same model; what is left out is what proxies and clients themselves cost. `one_run`
carries out one system in one repetition, `pool` several at once, one on each core. The files that it leaves
are those of a live run.
"""
