"""`nightshift bench clients`: load generators in regions: processes here, machines on clouds.

base        what clients are asked for
local       processes of this machine, as units of the provider `local`
skypilot    a machine in each region; jobs on it
job         what a job is on its machine
collecting  from what the jobs left to a result folder
finishing   run.json and summary.json of that folder
command     the commands
"""
