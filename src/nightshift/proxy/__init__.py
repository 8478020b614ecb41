"""The live balancer: HTTP/1.1 on both sides, in front of `balancing/`, which decides.

Read in this order, which is a request's way:

- `edge`, `doors`, `timeouts`: who may connect, and how long things may take; `client`: one connection
- `grammar`, `head`, `chunked`, `request`: what a client sends, read strictly
- `routes`, `surface`, `form`: which paths there are, and what placement may read; `access/`: who may ask
- `placing`, `dispatcher`: to a request that can be placed, and the shell of the state machine
- `exchange`: one request; `delivery`, `pool`, `upstream`: getting it to one target
- `relay`, `first_content`, `answer`: the response, held until it says something, and what the client gets
- `probes`, `peers`, `catalogue`: what the balancer learns; `own_pages`: its own endpoints
- `seen/`, `readings`: metrics, log, traces; `admin/`, `console`, `configuration`: what operators say
- `parts`, `server`, `run`, `processes/`: how it is put together, driven, and run as one process or several
"""
