"""`python -m nightshift` is `nightshift`."""

from nightshift.cli import main

main()
