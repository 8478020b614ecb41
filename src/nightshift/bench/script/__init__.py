"""`nightshift bench gen-cmd`: a measurement of services that are up, as a bash script to read and to run.

systems     which systems are measured, and on which service each
endpoints   where the clients of a region ask a service
asking      what the users of each region ask: the words of --extra-args and --region-to-args
plan        all of it, checked, as one value
run_file    run.json of the folder that the script fills
bash        the script's text
clients/    `nightshift bench clients`: what the script calls, on this machine and on clouds
"""
