"""Virtual time: the balancers that serve and the engine model, driven by a queue of events.

Nothing here decides anything. The simulator carries out the actions of `balancing/` and the steps of
`engine/` as the live proxy and the emulated server do, but a day passes in seconds, and the same seed gives
the same trace. The network is a delay for each ordered pair of regions, with connections kept warm;
bandwidth, jitter and the time that a proxy needs are not modelled.
"""
