"""How far the emulation can be trusted.

`probes` says what a real engine is asked, `probing` asks it, `fitting` makes an engine profile of the times
(`fit_command`: `nightshift engine fit`). `validation` runs the same requests on the real engine and on the
model, `agreement` compares what came (`validate_command`: `nightshift bench validate`).
"""
