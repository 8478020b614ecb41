"""The controller: one process for all services of a machine. A thin shell over `lifecycle`.

main      the process: takes the lock, serves the API, ends on a signal, and when nothing is left to do
api       what the command line asks, over HTTP with a token
services  all services: begin, update, end, tell
loop      one service: look, step, write down, carry out
looking   what is seen of its units: the provider, probes, the balancers' own state
acting    launch, terminate, push: each order once at a time, its outcome written down
balancers the admin API of a balancer, asked by the controller
orders    pure: from the spec and a row to what a provider launches
"""
