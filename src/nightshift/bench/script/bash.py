"""A plan as a bash script, with the phases of the original's. Pure.

0 queue fetcher, 1 clients, 2.k jobs of system k in all regions, 3 wait, 4 collect, 5 stop. Where the
original was rough: systems run one after another unless asked otherwise (its jobs ran all at once on the same
client machines), a folder is made before anything is copied there (it ran both at once), names come with
the results, and a script that broke off goes on where it stopped when it is run again.
"""

import shlex
from collections.abc import Mapping

from nightshift.bench.script.plan import Measured, Plan

_LEAD_S = {"local": 10, "skypilot": 60}
"""From submission to the common start: a client's start and its data; on clouds also SkyPilot's queue."""
_SPARE_S = 900
"""What a job may take beyond its duration before it counts as hung."""

_HEAD = """\
#!/usr/bin/env bash
# Experiment {name}: {systems}
# Clients in {regions}, {order}.
#
# Written by `nightshift bench gen-cmd`. Run it with `bash {script}`.
# Run again after it broke off, it goes on with the systems that are not finished.
set -euo pipefail

NIGHTSHIFT=${{NIGHTSHIFT:-{nightshift}}}
OUT={out}
EXP={exp}
FOLDER=$OUT/$EXP
REGIONS=({region_words})
CLIENTS=({client_words})
LEAD_S=${{LEAD_S:-{lead_s}}} # from submission to the common start of all regions
SIGNAL=$OUT/queue_size/$EXP.signal
JOBS=({jobs})
FOLDERS=({folders})
"""

_FUNCTIONS = """
all_regions=$(IFS=,; echo "${{REGIONS[*]}}")
environment=()
if [[ -n ${{HF_TOKEN:-}} ]]; then environment=(--env HF_TOKEN); fi
fetcher='' waiter='' pids=() under_way=()

say() {{ printf '%s  %s\\n' "$(date +%H:%M:%S)" "$*"; }}

clients() {{
  local verb=$1
  shift
  "$NIGHTSHIFT" bench clients "$verb" "${{CLIENTS[@]}}" "$@"
}}

wait_for_all() {{
  for pid in "${{pids[@]}}"; do wait "$pid"; done
  pids=()
}}

is_finished() {{ [[ -e $FOLDER/systems/${{FOLDERS[$1]}}/rep-1/done.json ]] &&
  ! grep -q '"partial"' "$FOLDER/systems/${{FOLDERS[$1]}}/rep-1/done.json"; }}

submit() {{ # region, then the client's arguments
  local region=$1
  shift
  clients submit --region "$region" --job "$job" --start-epoch "$start" "${{environment[@]}}" -- "$@" &
  pids+=("$!")
}}

submit_system() {{ # number in JOBS
  job=${{JOBS[$1]}}
  start=$(($(date +%s) + LEAD_S))
  say "phase 2: $job"
  under_way+=("$1")
  "submit_$1"
  wait_for_all
}}

wait_for() {{ # numbers in JOBS
  local names=()
  for number in "$@"; do names+=(--job "${{JOBS[number]}}"); done
  say "phase 3: waiting for $# system(s) in $all_regions"
  "$NIGHTSHIFT" bench clients wait "${{CLIENTS[@]}}" --regions "$all_regions" \\
    --timeout {timeout_s} "${{names[@]}}" &
  waiter=$!
  wait "$waiter"
  waiter=''
}}

collect() {{ # number in JOBS, further flags
  local number=$1
  shift
  local to=$FOLDER/systems/${{FOLDERS[number]}}/rep-1
  say "phase 4: $to"
  clients collect --regions "$all_regions" --job "${{JOBS[number]}}" --to "$to" \\
    --samples "$OUT/queue_size/${{JOBS[number]}}.samples.jsonl" --speed {speed} --duration {duration_s} "$@"
}}

stop_fetcher() {{
  if [[ -z $fetcher ]]; then return; fi
  echo stop > "$SIGNAL"
  wait "$fetcher" || true
  fetcher=''
}}

finish() {{
  local status=$?
  trap - EXIT INT TERM
  set +e
  if [[ -n $waiter ]]; then kill "$waiter" 2> /dev/null; fi
  if ((${{#pids[@]}})); then wait "${{pids[@]}}"; fi
  for number in "${{under_way[@]}}"; do
    clients cancel --regions "$all_regions" --job "${{JOBS[number]}}"
    collect "$number" --partial "the script broke off with status $status"
  done
  stop_fetcher
  if ((status)); then
    say "ended with status $status; results so far: $FOLDER"
    say "clients may still be up: $NIGHTSHIFT bench clients down ${{CLIENTS[*]}} --regions $all_regions"
  fi
  exit "$status"
}}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
"""

_BEGIN = """
mkdir -p "$FOLDER" "$OUT/queue_size"
if [[ ! -e $FOLDER/run.json ]]; then
  cat > "$FOLDER/run.json" << 'RUN_JSON'
{run_json}
RUN_JSON
fi

# Phase 0: the queues of all systems, once a second
say "phase 0: queue fetcher"
echo go > "$SIGNAL"
"$NIGHTSHIFT" bench queue-fetcher -y --output-dir "$OUT" --signal-file "$SIGNAL" \\
  --exp2backend {exp2backend} > "$OUT/queue_size/$EXP.log" 2>&1 &
fetcher=$!

# Phase 1: clients, in all regions at once
say "phase 1: clients in $all_regions"
for region in "${{REGIONS[@]}}"; do
  clients up --region "$region"{reload} &
  pids+=("$!")
done
wait_for_all
until grep -q ready "$SIGNAL"; do
  if ! kill -0 "$fetcher" 2> /dev/null; then
    cat "$OUT/queue_size/$EXP.log" >&2
    exit 1
  fi
  sleep 1
done
"""

_ONE_BY_ONE = """
for number in "${!JOBS[@]}"; do
  if is_finished "$number"; then
    say "${JOBS[number]} is finished already"
    continue
  fi
  submit_system "$number"
  wait_for "$number"
  collect "$number"
  under_way=()
done
"""

_TOGETHER = """
for number in "${!JOBS[@]}"; do
  if ! is_finished "$number"; then submit_system "$number"; fi
done
if ((${#under_way[@]})); then wait_for "${under_way[@]}"; fi
for number in "${under_way[@]}"; do collect "$number"; done
under_way=()
"""

_END = """
# Phase 5: stop
say "phase 5: stop"
stop_fetcher
{down}"$NIGHTSHIFT" bench clients finish "$FOLDER"
"$NIGHTSHIFT" bench report "$FOLDER"
"""


def script_of(plan: Plan, run_json: str, nightshift: str) -> str:
    """Return the text of the script. `nightshift` is the command that it calls, by its path."""
    head = _HEAD.format(
        name=plan.name,
        systems=", ".join(f"{one.system.legend} ({one.system.suffix})" for one in plan.systems),
        regions=", ".join(plan.regions),
        order="all systems at once" if plan.together else "one system after another",
        script=shlex.quote(str(plan.script)),
        nightshift=shlex.quote(nightshift),
        out=shlex.quote(str(plan.output_dir)),
        exp=plan.name,
        region_words=shlex.join(plan.regions),
        client_words=shlex.join(_client_flags(plan)),
        lead_s=_LEAD_S[plan.provider],
        jobs=shlex.join(plan.job(one) for one in plan.systems),
        folders=shlex.join(one.system.folder_name for one in plan.systems),
    )
    speed = float(plan.one.client.get("speed", 1.0))
    functions = _FUNCTIONS.format(
        timeout_s=round(plan.one.duration_s / speed) + _SPARE_S,
        speed=f"{speed:g}",
        duration_s=f"{plan.one.duration_s:g}",
    )
    begin = _BEGIN.format(
        run_json=run_json,
        exp2backend=shlex.quote(_exp2backend(plan)),
        reload=" --reload" if plan.reload_client else "",
    )
    down = "" if plan.keep_clients else 'clients down --regions "$all_regions"\n'
    submits = "".join(_submit(plan, number, one) for number, one in enumerate(plan.systems))
    runs = _TOGETHER if plan.together else _ONE_BY_ONE
    return head + functions + submits + begin + runs + _END.format(down=down)


def _submit(plan: Plan, number: int, measured: Measured) -> str:
    """Return the function of phase 2.k: the jobs of one system, in all regions."""
    legend = measured.system.legend.replace("\n", " ")
    lines = [f"\n# Phase 2.{number + 1}: {legend} ({measured.system.suffix})\nsubmit_{number}() {{"]
    for region in plan.regions:
        words = " \\\n    ".join(map(shlex.quote, plan.client_words(measured, region)))
        lines.append(f"  submit {shlex.quote(region)} \\\n    {words}")
    return "\n".join([*lines, "}\n"])


def _exp2backend(plan: Plan) -> str:
    import orjson

    return orjson.dumps({plan.job(one): one.watched for one in plan.systems}).decode()


def _client_flags(plan: Plan) -> list[str]:
    resources: Mapping[str, str] = plan.resources if plan.provider == "skypilot" else {}
    given = [f"--resources={key}={value}" for key, value in resources.items()]
    return [f"--provider={plan.provider}", f"--name={plan.clients}", *given]
