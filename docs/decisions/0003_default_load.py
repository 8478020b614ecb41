"""Makes the table of decision 3 again: `.venv/bin/python docs/decisions/0003_default_load.py` (3 minutes).

Systems 1 to 7 in virtual time on two L4s in each of two regions, 200 s of `arena_syn`, seed 0. Requests sent
in the first 20 s are left out.
"""

from nightshift.balancing.presets import PRESETS, Preset
from nightshift.bench.workloads import workload
from nightshift.engine.profiles import PROFILES
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import SimUser

DURATION_S, WARMUP_S = 200.0, 20.0
WAYS = {("us-east-2", "ap-northeast-1"): 0.06775, ("ap-northeast-1", "us-east-2"): 0.06725}
LOADS = {
    "arena": [(60, 30), (140, 70), (150, 150)],
    "lmsys-chat-1m": [(60, 30), (100, 50)],
    "sharegpt": [(40, 20), (60, 30), (80, 40)],
}


def simulate(system: Preset, data_set: str, users: dict[str, int]) -> list[Served]:
    assert system.switches is not None
    fleet = build_fleet(
        regions=dict.fromkeys(users, 2),
        switches=system.switches,
        profile=PROFILES["l4-llama-3.1-8b"],
        one_way_s=WAYS,
        seed=0,
    )
    served: list[Served] = []
    for region, count in users.items():
        chats = workload("arena_syn", {"num_users": count, "num_conv": 2000, "data_set": data_set})
        for number, programs in enumerate(chats.users(region)):
            user = SimUser(
                number=number,
                region=region,
                entry=fleet.entries[region],
                network=fleet.network,
                programs=programs,
                served=served,
            )
            fleet.schedule.at(2.0 * number / count, user.start)
    fleet.schedule.run(DURATION_S)
    return [one for one in served if one.sent >= WARMUP_S and one.end is not None]


def row(data_set: str, load: tuple[int, int]) -> str:
    hit, p90, throughput = [], [], []
    for system in PRESETS[1:8]:
        done = simulate(system, data_set, dict(zip(("us-east-2", "ap-northeast-1"), load, strict=True)))
        hit.append(sum(one.cached_tokens for one in done) / sum(one.input_tokens for one in done))
        ttft = sorted(one.ttft_s for one in done if one.ttft_s is not None)
        p90.append(ttft[int(0.9 * len(ttft))])
        throughput.append(sum(one.input_tokens + 2 * one.output_tokens for one in done))
    spread = max(throughput) / min(throughput) - 1
    return (
        f"| {data_set} | {load[0]} + {load[1]} | {min(hit):.0%}-{max(hit):.0%} | "
        f"{min(p90):.2f}-{max(p90):.2f} s | {spread:.0%} |"
    )


if __name__ == "__main__":
    for data_set, loads in LOADS.items():
        for load in loads:
            print(row(data_set, load), flush=True)
