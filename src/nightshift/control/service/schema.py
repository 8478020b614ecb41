"""The JSON schema of a service file, for editors: both forms, and a description of every key.

An editor that knows it completes keys and marks mistakes as one types. It is looser than `read_spec`: what
keys mean together is only checked there.
"""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from nightshift.balancing.switches import BoundedLoad, Cost, Ejection, Imbalance, PeerRule, Switches, Weights
from nightshift.control.service.balancer_keys import Tls
from nightshift.control.service.docstrings import field_docs
from nightshift.control.service.original_switches import POLICY_NAMES
from nightshift.control.service.section import (
    ExternalBalancer,
    LoadBalancer,
    Probe,
    ReplicaPolicy,
    Section,
    System,
    WanOrNone,
)
from nightshift.control.service.task import Resources, TaskResources
from nightshift.control.service.taskform import TaskFile
from nightshift.control.up.servicefile import Region, Service, Wan
from nightshift.engine.profiles import PROFILES
from nightshift.proxy.access.settings import KeySettings, PeerTlsSettings
from nightshift.proxy.limits import Limits

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DESCRIBED: tuple[type, ...] = (
    TaskFile,
    TaskResources,
    Resources,
    Section,
    Probe,
    ReplicaPolicy,
    ExternalBalancer,
    LoadBalancer,
    Tls,
    Limits,
    KeySettings,
    PeerTlsSettings,
    Switches,
    Ejection,
    PeerRule,
    Imbalance,
    BoundedLoad,
    Cost,
    Weights,
    Service,
    Region,
    Wan,
)


class _SimpleForm(BaseModel):
    """What `servicefile.Service` means, where its validators hide it from pydantic."""

    system: System = "nightshift"
    profile: str | None = None
    wan: WanOrNone = None


def service_schema() -> dict[str, Any]:
    """Return the schema: a file with `service` is a SkyPilot task, another one the simple form."""
    defs: dict[str, Any] = {}
    for model in (TaskFile, Service, Switches, _SimpleForm):
        made = TypeAdapter(model).json_schema(mode="validation")
        defs |= made.pop("$defs", {})
        defs[model.__name__] = made
    simple = defs.pop(_SimpleForm.__name__)["properties"]
    defs[Service.__name__]["properties"] |= {key: simple[key] for key in simple}
    defs.pop("Preset", None)
    _use_switches(defs)
    for name in (Section.__name__, Service.__name__):
        defs[name]["properties"]["profile"] = {"enum": [*PROFILES]}
    for kind in _DESCRIBED:
        _describe(defs[kind.__name__], kind)
    return {
        "$schema": DIALECT,
        "title": "Nightshift service file",
        "type": "object",
        "if": {"required": ["service"]},
        "then": {"$ref": f"#/$defs/{TaskFile.__name__}"},
        "else": {"$ref": f"#/$defs/{Service.__name__}"},
        "$defs": {name: _without_titles(defs[name]) for name in sorted(defs)},
    }


def _use_switches(defs: dict[str, Any]) -> None:
    """Let `service.switches` name the schema of all switches, which pydantic writes out in its place."""
    for name in (Switches, Ejection, PeerRule, Imbalance, BoundedLoad, Cost, Weights):
        defs[name.__name__]["additionalProperties"] = False
    for layer in ("replica_policy", "peer_policy"):
        defs[Switches.__name__]["properties"][layer]["enum"] = [*POLICY_NAMES]
    defs[Section.__name__]["properties"]["switches"] = {"$ref": f"#/$defs/{Switches.__name__}"}


def _describe(schema: dict[str, Any], kind: type) -> None:
    docs = field_docs(kind)
    schema["description"] = " ".join((kind.__doc__ or "").split())
    for key, field in schema.get("properties", {}).items():
        if key in docs:
            field["description"] = docs[key]


def _without_titles(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out pydantic's titles, which only repeat the keys, and `null`, which no file needs to say."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None)
    }
    if len(kept.get("anyOf", ())) == 1:
        kept |= kept.pop("anyOf")[0]
    return kept


def described() -> tuple[type, ...]:
    """Return the models whose keys a file may have, in the order in which a reader meets them."""
    return _DESCRIBED
