"""Some switches of a system, as `service.switches` names them, laid over those of a preset.

Standard dataclasses ignore keys that they do not know, and take any number; here each is checked.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Annotated, Any, get_type_hints

import orjson
from pydantic import BeforeValidator, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nightshift.balancing.policies import POLICIES
from nightshift.balancing.switches import Switches
from nightshift.control.checked import refuse, refuse_because
from nightshift.control.service.faults import unknown_key
from nightshift.control.service.original_switches import ALIASES, POLICY_NAMES

_ADAPTER = TypeAdapter(Switches)
_MAY_BE_ZERO = frozenset(
    {
        *("match_threshold", "batch_growth", "max_queue", "absolute", "jitter", "most_share", "index_bytes"),
        *("prefill_s_per_token", "running_weight", "rtt_smoothing", "prefix", "queue", "kv"),
    }
)
_BOUNDS = {"load_factor": (1, 1000), "points": (1, 10_000)}
"""Below a factor of 1 everybody is above the bound; a point takes 12 bytes for each target."""
_SHARES = frozenset({"match_threshold", "jitter", "most_share", "rtt_smoothing"})


def laid_over(base: Switches, given: Mapping[str, object]) -> Switches:
    """Return `base` with what is given in its place; `given` was checked (`SwitchesOverlay`)."""
    merged = _merged(asdict(base), given)
    for layer in ("replica_policy", "peer_policy"):
        merged[layer] = ALIASES.get(str(merged[layer]), merged[layer])
    return _ADAPTER.validate_json(orjson.dumps(merged), strict=True)


def _merged(base: dict[str, Any], given: Mapping[str, object]) -> dict[str, Any]:
    return {
        key: _merged(value, inner) if isinstance(inner := given.get(key, value), Mapping) else inner
        for key, value in base.items()
    }


def _checked(value: object) -> object:
    _check_keys(value, Switches, ())
    try:
        laid_over(Switches(), value if isinstance(value, Mapping) else {})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        said = problem["msg"].removeprefix("Input should be ").removeprefix("a valid ")
        raise refuse(problem["input"], said, *problem["loc"]) from None
    return value


def _check_keys(value: object, kind: type[Any], path: tuple[str, ...]) -> None:
    names = [field.name for field in fields(kind)]
    if not isinstance(value, Mapping):
        raise refuse_because(f"must be a mapping with some of {', '.join(names)}", *path)
    hints = get_type_hints(kind)
    for key, inner in value.items():
        if key not in names:
            error = unknown_key(key, names)
            raise error if not path else refuse_because(error.message(), *path, key)
        if is_dataclass(hints[key]):
            _check_keys(inner, hints[key], (*path, key))
        else:
            _check_value(key, inner, (*path, key))


def _check_value(key: str, value: object, path: tuple[str, ...]) -> None:
    if key.endswith("_policy") and value not in POLICY_NAMES:
        raise refuse(value, ", ".join(POLICIES), *path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if key in _BOUNDS and not _BOUNDS[key][0] <= value <= _BOUNDS[key][1]:
        raise refuse(value, "{} to {}".format(*_BOUNDS[key]), *path)
    if key in _SHARES and not 0 <= value <= 1:
        raise refuse(value, "0 to 1", *path)
    if not (value >= 0 if key in _MAY_BE_ZERO or "peer_rule" in path else value > 0) or value == float("inf"):
        raise refuse(value, "a number of 0 or more" if key in _MAY_BE_ZERO else "a number above 0", *path)


class _AsSwitches:
    """Gives the key the schema of `Switches`."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_ADAPTER.core_schema)


SwitchesOverlay = Annotated[dict[str, object], BeforeValidator(_checked), _AsSwitches()]
