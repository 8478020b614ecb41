"""The table of systems, as a reader sees it.

- `table.py`: what is said of each;
- `command.py`: `nightshift bench systems`;
- `docs.py`: the page `docs/reference/systems.md`.
"""
