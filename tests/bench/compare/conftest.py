"""A small experiment that is never run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nightshift.bench.compare.experiment import Experiment, RegionLoad, parse_systems
from nightshift.control.local.plan import Engine

MakeExperiment = Callable[..., Experiment]


@pytest.fixture
def make_experiment(tmp_path: Path) -> MakeExperiment:
    def make(*, systems: str = "0-6", duration_s: float = 60, users: int = 3) -> Experiment:
        return Experiment(
            name="trial",
            systems=parse_systems(systems),
            regions=(RegionLoad("us-east-2", 1, users), RegionLoad("ap-northeast-1", 1, 0)),
            workload="arena_syn",
            workload_arguments={"num_conv": 30},
            duration_s=duration_s,
            warmup_s=10,
            seed=3,
            engine=Engine.EMULATED,
            profile="instant",
            speed=2,
            output_dir=tmp_path,
        )

    return make
