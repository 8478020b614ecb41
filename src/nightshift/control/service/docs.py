"""Writes the page of all keys of a service file: `python -m nightshift.control.service.docs`.

Without an argument it prints the page; with a path it writes the file.
"""

import sys
from pathlib import Path
from typing import Any

from nightshift.control.service.schema import described, service_schema
from nightshift.control.service.task import Task

_HEAD = """\
# The service file

*Made by `python -m nightshift.control.service.docs` from the code: change it there.*

A service is one YAML file, in one of two forms. The first is a SkyPilot task with a `service` section, as
SkyServe and SkyWalker read it; the keys that only Nightshift has stand in `service` too. The second is
simpler, and only for this machine. `nightshift serve up FILE` takes both.

    name: chat
    envs: {HF_TOKEN: }                     # without a value: it must come by --env
    service:
      replicas: 4
      readiness_probe: /v1/models
    resources:
      accelerators: L4:1
      ports: 8081
      ordered: [{infra: aws/us-east-2}, {infra: aws/ap-northeast-1}]
    run: python -m sglang.launch_server ...

Whole files: `examples/`. An editor that knows the schema (`nightshift serve schema > service.schema.json`)
completes keys and marks mistakes: put `# yaml-language-server: $schema=service.schema.json` in the first
line.

## What is worth knowing
- **Places.** Replica k goes to entry (k - 1) mod n of `resources.ordered`: 4 replicas on 3 regions are 2, 1
  and 1. `any_of` is ordered by the text of its entries (JSON with sorted keys), and used the same way. With
  neither, all go to the one region of `resources`. An entry given twice is an error; a region twice is not,
  if the machines differ.
- **Load balancers.** A region with replicas and no entry in `external_load_balancers` gets one, and `serve
  up` says so. A region twice among them is an error. With `system: sky_sgl_enhanced` or `topology: global`
  one serves all regions.
- **On this machine.** With `engine` in `service`, replicas, load balancers and the distance between regions
  are processes here; `run`, `setup` and the machines of `resources` are not used.
- **Variables.** `--env NAME=VALUE` goes before `envs`, and `--env NAME` takes the value of your shell. In
  `service`, `$NAME` and `${NAME}` stand for them. No error shows a value. Inline values of `secrets` are
  treated as `envs`.
- **Kubernetes.** A region is the name of a context: `infra: k8s/CONTEXT`, or `cloud: kubernetes` with
  `region: CONTEXT`.
- **Files.** Paths of certificates and keys are seen from the service file, and must exist.
- **The original's variables.** `DO_PUSHING_ACROSS_LB`, `LB_PUSHING_ENABLE_LB`, `DO_PUSHING_TO_REPLICA`,
  `ENABLE_SELECTIVE_PUSHING`, `USE_IE_QUEUE_INDICATOR`, `USE_V2_STEALING`, `FORCE_DISABLE_STEALING`,
  `DISABLE_LEAST_LOAD_IN_PREFIX`, `LB_POLICY`, `META_LB_POLICY` and `MAX_CONCURRENT_REQUESTS` choose the
  system, in `envs` or by `--env`. If any of them is set, the original's defaults hold for the others
  (balancers steal, replicas are available while nothing waits in them); if none is, the system is
  Nightshift's own. Beside `system` or `switches` they are an error.
- **Residency** names for each tenant the regions that may serve it; a tenant is what an API key says
  (`keys[].tenant`).
"""
_INTRODUCED = {
    "TaskFile": "## The task",
    "TaskResources": "### `resources`",
    "Resources": "### An entry of `ordered` or `any_of`, and `resources` of a load balancer",
    "Section": "## `service`",
    "Probe": "### `service.readiness_probe`",
    "ReplicaPolicy": "### `service.replica_policy`",
    "ExternalBalancer": "### An entry of `service.external_load_balancers`",
    "LoadBalancer": "### `service.load_balancer`",
    "Tls": "### `service.tls`",
    "Limits": "### `service.limits`",
    "KeySettings": "### An entry of `service.keys`",
    "PeerTlsSettings": "### `service.peer_tls`",
    "Switches": "### `service.switches`",
    "Ejection": "### `service.switches.ejection`",
    "PeerRule": "### `service.switches.peer_rule`",
    "Imbalance": "### `service.switches.imbalance`",
    "BoundedLoad": "### `service.switches.bounded_load`",
    "Cost": "### `service.switches.cost`",
    "Weights": "### `service.switches.weights`",
    "Service": "## The simple form",
    "Region": "### An entry of `regions`",
    "Wan": "### `wan`, and `service.wan`",
}
_SKYPILOTS = "SkyPilot's."


def page() -> str:
    """Return the page."""
    defs = service_schema()["$defs"]
    parts = [_HEAD]
    for kind in described():
        name = kind.__name__
        shown = dict(defs[name]["properties"])
        if name == "TaskResources":
            shown = {key: value for key, value in shown.items() if key not in defs["Resources"]["properties"]}
        lines = [f"\n{_INTRODUCED[name]}\n", defs[name]["description"] + _also(name) + "\n"]
        required = defs[name].get("required", [])
        parts.append("\n".join([*lines, *_table(shown, required), ""]))
    return "".join(parts)


def _also(name: str) -> str:
    if name == "TaskResources":
        return " It has the keys of an entry (below) as well; what they say holds for every entry."
    return " " + _passed_on() if name == "TaskFile" else ""


def _passed_on() -> str:
    properties = service_schema()["$defs"]["TaskFile"]["properties"]
    keys = [f"`{key}`" for key in Task.model_fields if properties[key].get("description") == _SKYPILOTS]
    return f"Passed on to SkyPilot as they stand: {', '.join(keys)}."


def _table(properties: dict[str, Any], required: list[str]) -> list[str]:
    rows = ["| key | what it may be | default | meaning |", "| --- | --- | --- | --- |"]
    for key, schema in properties.items():
        meaning = schema.get("description", "").replace("|", "\\|")
        if meaning != _SKYPILOTS:
            default = "required" if key in required else _default(schema)
            rows.append(f"| `{key}` | {_kind(schema)} | {default} | {meaning} |")
    return rows


def _default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    if default is None or isinstance(default, dict | list):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _kind(schema: dict[str, Any]) -> str:
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_kind(option) for option in schema[key]))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "a mapping, below" if name in _INTRODUCED else _kind(service_schema()["$defs"][name])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"a list: {_kind(schema['items'])}" if schema.get("items") else "a list"
    return _simple(schema)


def _simple(schema: dict[str, Any]) -> str:
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    words["object"] = "a mapping"
    kind = words.get(
        schema.get("type", ""), "a mapping" if schema.get("type") == "object" else "as SkyPilot says"
    )
    bounds = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    said = [f"{word} {schema[key]:.15g}" for key, word in bounds.items() if key in schema]
    return " ".join([kind, *said])


def main(arguments: list[str]) -> None:
    """Print the page, or write it to the path in `arguments`."""
    if arguments:
        Path(arguments[0]).write_text(page())
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main(sys.argv[1:])
