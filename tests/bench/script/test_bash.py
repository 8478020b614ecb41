"""The script itself: run by bash, with a stand-in for `nightshift` that takes notes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from tests.bench.script.views import OHIO, TOKYO, view

from nightshift.balancing.presets import preset
from nightshift.bench.script.asking import asked
from nightshift.bench.script.bash import script_of
from nightshift.bench.script.plan import Measured, Plan, in_a_new_place
from nightshift.bench.script.run_file import run_of

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
STAND_IN = """\
#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$NOTES"
[[ -z ${FAIL:-} || "$*" != *$FAIL* ]] || exit 1
while (($#)); do
  case $1 in
    --to)
      mkdir -p "$2"
      [[ "$*" == *--partial* ]] && state=partial || state=finished
      echo "{\\"state\\": \\"$state\\"}" > "$2/done.json"
      ;;
    --signal-file) echo ready > "$2"; until [[ $(< "$2") == stop ]]; do sleep 0.05; done ;;
    --timeout) [[ -z ${HANG:-} ]] || { echo hangs >> "$NOTES"; exec sleep 60; } ;;
  esac
  shift
done
"""


def plan_of(folder: Path, **changes: Any) -> Plan:
    systems = tuple(
        Measured(preset(number), {OHIO: f"a:{number}", TOKYO: f"b:{number}"}, f"svc{number}", "m")
        for number in (2, 4)
    )
    asking = asked("--duration 30 --num-conv 20", {OHIO: "--num-users 3", TOKYO: "--num-users 1"}, {})
    plan = Plan("try", "local", "llmc", {"cloud": "aws"}, asking, systems, folder / "o'ut")
    return replace(plan, **changes)


class Desk:
    """Where a script is written, run, and its calls are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes"
        self.command = folder / "night shift"
        self.command.write_text(STAND_IN)
        self.command.chmod(0o700)

    def write(self, plan: Plan) -> Path:
        run = run_of(plan, [view("svc2"), view("svc4")], ["nightshift", "bench", "gen-cmd"])
        path = self.folder / "script.bash"
        path.write_text(script_of(plan, json.dumps(run, indent=2), str(self.command)))
        return path

    def run(self, plan: Plan, **environ: str) -> subprocess.CompletedProcess[str]:
        self.notes.write_text("")
        return subprocess.run(
            ["bash", self.write(plan)],
            env=self.environ(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def environ(self, more: dict[str, str]) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "NOTES": str(self.notes), "LEAD_S": "0", **more}

    def calls(self) -> list[str]:
        """Return what was called, without `bench`, and `clients VERB` as the verb with its job or region."""
        found = []
        for line in self.notes.read_text().splitlines():
            words = line.split()
            verb = words[2] if words[1:2] == ["clients"] else " ".join(words[1:2])
            names = [words[at + 1] for at, word in enumerate(words) if word in ("--job", "--region")]
            found.append(" ".join([verb, *names]))
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def system(suffix: str) -> list[str]:
    return [
        *(f"submit {region} try_{suffix}" for region in (TOKYO, OHIO)),
        f"wait try_{suffix}",
        f"collect try_{suffix}",
    ]


def in_order(calls: Sequence[str]) -> list[str]:
    """Calls of one kind that follow one another run side by side: sort those, and leave the fetcher out."""
    kept = [call for call in calls if call != "queue-fetcher"]
    return [call for _, group in groupby(kept, lambda call: call.split()[0]) for call in sorted(group)]


def test_phases_one_system_after_another(desk: Desk) -> None:
    plan = plan_of(desk.folder)
    done = desk.run(plan)
    assert done.returncode == 0, done.stderr
    calls = desk.calls()
    ups = [f"up {TOKYO}", f"up {OHIO}"]
    assert in_order(calls) == [
        *ups,
        *system("sky_pull_pull"),
        *system("sky_push_push"),
        "down",
        "finish",
        "report",
    ]
    assert calls.count("queue-fetcher") == 1
    assert (plan.output_dir / "queue_size" / "try.signal").read_text() == "stop\n"
    assert json.loads((plan.folder / "run.json").read_bytes())["suffixes"] == [
        "sky_pull_pull",
        "sky_push_push",
    ]


def test_the_originals_way_has_all_jobs_before_the_first_wait(desk: Desk) -> None:
    assert desk.run(plan_of(desk.folder, together=True)).returncode == 0
    verbs = [call.split()[0] for call in desk.calls() if call != "queue-fetcher"]
    assert verbs == ["up"] * 2 + ["submit"] * 4 + ["wait", "collect", "collect", "down", "finish", "report"]
    assert "wait try_sky_pull_pull try_sky_push_push" in desk.calls()


def test_clients_stay_and_are_set_up_anew_where_asked(desk: Desk) -> None:
    assert desk.run(plan_of(desk.folder, keep_clients=True, reload_client=True)).returncode == 0
    assert "down" not in desk.calls()
    assert desk.notes.read_text().count("--reload") == 2


def test_each_client_is_given_its_own_words(desk: Desk) -> None:
    desk.run(plan_of(desk.folder))
    submits = [line for line in desk.notes.read_text().splitlines() if " submit " in line]
    (here,) = [line for line in submits if OHIO in line and "sky_push_push" in line]
    assert "--endpoint=a:4 --model=m --workload=arena_syn --num-users=3 --duration=30.0 --num-conv=20" in here
    assert all("--env" not in line for line in submits)


def test_the_token_is_passed_on_by_name(desk: Desk) -> None:
    desk.run(plan_of(desk.folder), HF_TOKEN="hf_hush")
    assert "--env HF_TOKEN -- --endpoint" in desk.notes.read_text()
    assert "hf_hush" not in desk.notes.read_text()


def test_a_failed_job_aborts_and_what_there_is_is_kept(desk: Desk) -> None:
    done = desk.run(plan_of(desk.folder), FAIL="wait --provider=local --name=llmc --regions")
    assert done.returncode == 1
    calls = desk.calls()
    assert calls[-2:] == ["cancel try_sky_pull_pull", "collect try_sky_pull_pull"]
    assert "--partial the script broke off with status 1" in desk.notes.read_text()
    assert not any("push_push" in call for call in calls)
    assert "clients may still be up" in done.stdout


def test_clients_that_do_not_come_up_end_it_before_anything_is_asked(desk: Desk) -> None:
    assert desk.run(plan_of(desk.folder), FAIL=f"--region {TOKYO}").returncode == 1
    assert not any(call.startswith("submit") for call in desk.calls())


def test_a_fetcher_that_cannot_begin_ends_it(desk: Desk) -> None:
    assert desk.run(plan_of(desk.folder), FAIL="bench queue-fetcher").returncode == 1
    assert not any(call.startswith("submit") for call in desk.calls())


def test_run_again_it_goes_on_with_what_is_missing(desk: Desk) -> None:
    plan = plan_of(desk.folder)
    assert desk.run(plan, FAIL="--job try_sky_push_push").returncode == 1
    assert desk.run(plan).returncode == 0
    assert not any("pull_pull" in call for call in desk.calls())
    assert "collect try_sky_push_push" in desk.calls()
    assert desk.run(plan).returncode == 0
    assert [call for call in desk.calls() if call.startswith(("submit", "report"))] == ["report"]


def test_a_signal_in_the_middle_cancels_what_runs(desk: Desk) -> None:
    plan = plan_of(desk.folder)
    desk.notes.write_text("")
    script = subprocess.Popen(
        ["bash", desk.write(plan)],
        env=desk.environ({"HANG": "1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert script.stdout is not None
    said = ""
    while "phase 3" not in said:
        said += script.stdout.readline()
    while "hangs" not in desk.notes.read_text():  # a child that is not yet its own program may miss a signal
        time.sleep(0.02)  # noqa: TID251 - for the other process
    script.send_signal(signal.SIGTERM)
    try:
        rest = script.communicate(timeout=60)[0]
    finally:
        script.kill()
    assert script.returncode == 143, rest
    assert desk.calls()[-2:] == ["cancel try_sky_pull_pull", "collect try_sky_pull_pull"]


@pytest.mark.parametrize("together", [True, False])
def test_shellcheck_has_nothing_to_say(desk: Desk, together: bool) -> None:
    script = desk.write(plan_of(desk.folder, together=together))
    done = subprocess.run([SHELLCHECK, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_names_in_use_are_kept(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert in_a_new_place(plan).name == "try"
    plan.script.parent.mkdir(parents=True)
    plan.script.write_text("")
    (plan.output_dir / "try_v1").mkdir()
    assert in_a_new_place(plan).name == "try_v2"
