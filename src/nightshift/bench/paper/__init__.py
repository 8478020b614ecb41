"""The paper's evaluation, redone: Figures 8, 9 and 10 of SkyWalker (EuroSys'26, arXiv 2505.24095).

`plan` says what is run, `run` runs it, `claims` holds what came against what the paper says, `command` is
`nightshift bench paper`.
"""
