"""What schemathesis cannot know of the admin API. It loads this file itself, in an environment of its own.

Addresses lead to loopback, to a port where nobody listens: the balancer probes what it is told. The replica
of the document's example stays among the targets. No id comes twice, which a schema cannot say.
"""

import os
from typing import Any

import schemathesis  # type: ignore[import-not-found]
from hypothesis import strategies

_NOBODY = "127.0.0.1:1"
_OWN = {"id": os.environ["API_REPLICA"], "address": os.environ["API_ENGINE"]}

schemathesis.openapi.format("host-and-port", strategies.sampled_from([_NOBODY, f"http://{_NOBODY}"]))


@schemathesis.hook  # type: ignore[untyped-decorator]
def map_body(context: Any, body: Any) -> Any:
    if not context.operation.path.endswith("/targets") or not isinstance(body, dict):
        return body
    for name in ("replicas", "peers"):
        if isinstance(body.get(name), list):
            _tell_apart(body[name])
    if isinstance(body.setdefault("replicas", []), list):
        body["replicas"].append(_OWN)
    return body


def _tell_apart(targets: list[Any]) -> None:
    seen = {_OWN["id"]}
    for number, target in enumerate(targets):
        if isinstance(target, dict) and isinstance(target.get("id"), str):
            if target["id"] in seen:
                target["id"] = f"target-{number}"
            seen.add(target["id"])
