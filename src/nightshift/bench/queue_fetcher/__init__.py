"""`nightshift bench queue-fetcher`: the queues of services while they are measured, once a second.

targets     which service, and which of its units, an experiment is about
looking     one look: what balancers and engines say
fetching    look after look, into files
command     the command
"""
