"""`make fuzz`: both targets with atheris, each for FUZZ_S seconds. A crash ends it, and names the file of
the input.

Run as `python -m tests.fuzz.run requests|response [libFuzzer's options]`, with an interpreter that has
atheris.
"""

import os
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # installed by make fuzz alone

with atheris.instrument_imports(include=["nightshift.proxy"]):
    from tests.fuzz.parsers import fuzz_requests, fuzz_response
from tests.fuzz.seeds import REQUESTS, RESPONSES

TARGETS = {"requests": (fuzz_requests, REQUESTS), "response": (fuzz_response, RESPONSES)}


def main() -> None:
    """Write the seeds where libFuzzer looks for them, and begin."""
    name = sys.argv[1]
    target, seeds = TARGETS[name]
    folder = Path("results/fuzz") / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={os.environ.get('FUZZ_S', '60')}", "-max_len=4096", "-timeout=5"]
    crashes = f"-artifact_prefix=results/fuzz/{name}-"
    atheris.Setup([sys.argv[0], str(folder), *options, crashes, *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
