"""`nightshift doctor`: asks one engine what it offers a balancer, and says what to switch on.

Without `--probe` it only reads (GET): nothing is generated, so it is safe against an engine in service.
With `--probe` it asks for four short answers.
"""
