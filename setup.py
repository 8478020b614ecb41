"""The optional compiled build: `NIGHTSHIFT_COMPILE=1 pip install .` (docs/decisions/0006-compiled-build.md).

With GCC it gets cheaper by what a training run showed (decision 24; `make compiled` does all of it): first
`instrumented`, which writes down what runs how often, then `profiled`, which lays the code out by it. Without
that variable this file does nothing: the pure build needs no compiler, and everything about the project is in
pyproject.toml.
"""

import os
import sys
import tomllib
from pathlib import Path

from setuptools import Extension, setup

MYPY = "mypy>=2.4,<3"
ROOT = Path(__file__).parent
# For the compiler and the linker, by the value of NIGHTSHIFT_COMPILE. What the training never came to is
# compiled as without it, not for small size.
FLAGS = {
    "1": [],
    "instrumented": ["-fprofile-generate", "-fprofile-update=single"],
    "profiled": [
        *("-fprofile-use", "-fprofile-correction", "-fprofile-partial-training"),
        "-Wno-missing-profile",  # of what never ran; mypyc makes warnings errors
    ],
}
POLICIES = ROOT / "src/nightshift/balancing/policies"

# What a request passes through. Left out: what pydantic must look into (`reports`), what interpreted code
# inherits from (`errors`), and what runs once in a while.
HOT = {
    "balancing": (
        *("admission", "balancer", "blocks", "candidates", "explain", "health", "ledger", "messages"),
        *("outliers", "peer_pool", "placement", "pool"),
        # All policies: an interpreted class cannot inherit from a compiled one.
        *sorted(f"policies/{path.stem}" for path in POLICIES.glob("[a-z]*.py")),
        *("prefix_index", "prompt", "queue", "refusals", "regions", "replica_pool", "retry_budget"),
        *("serving", "stealing", "stored", "stored_placement", "targets", "waiting"),
    ),
    "proxy": (
        *("access/gate", "answer", "client", "decision", "delivery", "dispatcher", "doors", "edge"),
        *("endpoint", "last_answer", "one_chunk", "pool"),
        *("exchange", "fields", "first_content", "head", "placing", "relay", "repeated", "request"),
        *("response_head", "routes", "seen/histogram", "seen/metrics", "seen/observer", "seen/outcome"),
        *("seen/tally", "server", "stored", "surface", "timeouts", "tokens", "upstream"),
    ),
}


def hot_modules() -> list[str]:
    """Return the paths of the modules to compile."""
    return [f"src/nightshift/{room}/{name}.py" for room, names in HOT.items() for name in names]


def extensions(flags: list[str]) -> list[Extension]:
    """Translate the hot modules to C. Ends with a message if mypy is not there."""
    try:
        from mypyc.build import mypycify
    except ImportError:
        sys.exit(f"NIGHTSHIFT_COMPILE=1 needs mypy at the build, and it is not there: pip install '{MYPY}'")
    os.chdir(ROOT)
    # Types are `make lint`'s business; what the modules import is only looked at.
    found = mypycify(["--follow-imports=silent", *hot_modules()], opt_level="3", debug_level="0")
    for extension in found:
        extension.extra_compile_args += flags
        extension.extra_link_args += flags
    return found


def requirements() -> list[str]:
    """Return what the build needs: mypy, and for their types the packages that the modules import."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [MYPY, *project["dependencies"]]


asked = os.environ.get("NIGHTSHIFT_COMPILE", "")
if asked and asked not in FLAGS:
    sys.exit(f"NIGHTSHIFT_COMPILE={asked} is not known: give one of {', '.join(FLAGS)}, or nothing")
# pip asks for requirements and for metadata first, before mypy is there.
builds = not {"egg_info", "dist_info"} & set(sys.argv)
setup(
    setup_requires=requirements() if asked and not builds else [],
    ext_modules=extensions(FLAGS[asked]) if asked and builds else [],
    # Other flags, same sources: what an earlier build left is not up to date.
    options={"build_ext": {"force": True}},
)
