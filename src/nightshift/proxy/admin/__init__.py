"""The admin API: a listener of its own for operators and scrapers, in the balancer's event loop.

Read in this order: `console` (what the balancer can be asked and told), `schemas` (what goes over the wire),
`app` (the API), `gate` (who gets in), `listener` (the socket). `command`, `client` and `screen` are the other
side: `nightshift admin`.

Loading the web framework costs 0.4 s, so nothing outside imports `app`, `gate` or `listener` before an admin
listener is configured.
"""
