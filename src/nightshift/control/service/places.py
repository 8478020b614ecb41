"""Where replicas go: SkyPilot's `resources`, taken apart into one place for each entry.

`infra: aws/us-east-2` and `cloud: aws` with `region: us-east-2` are the same; from here on it is the latter.
"""

import json
from collections.abc import Mapping

from nightshift.control.service.faults import REGION_RULE, Fault, is_region
from nightshift.control.service.spec import Placeable
from nightshift.control.yamlfile import KeyPath, spoken

ROOT: KeyPath = ("resources",)
_KUBERNETES = ("kubernetes", "k8s")


def is_kubernetes(cloud: object) -> bool:
    """Tell whether this cloud is Kubernetes, by any of SkyPilot's names for it."""
    return str(cloud).lower() in _KUBERNETES


def located(resources: Mapping[str, object], path: KeyPath) -> dict[str, object]:
    """Return the resources with `infra` as cloud, region and zone, and without what is nothing.

    Raises `Fault` for an `infra` beside those, or one that SkyPilot would not read.
    """
    rest = {key: value for key, value in resources.items() if value is not None}
    infra = rest.pop("infra", None)
    if infra is None:
        return rest
    beside = [key for key in ("cloud", "region", "zone") if key in rest]
    if beside:
        raise Fault((*path, "infra"), f"{beside[0]} is given as well; keep one of the two")
    return rest | _parts(str(infra), (*path, "infra"))


def _parts(infra: str, path: KeyPath) -> dict[str, object]:
    words = [word.strip() for word in infra.strip().strip("/").split("/")]
    cloud = words[0].lower()
    if is_kubernetes(cloud) or cloud == "ssh":
        # A context may have slashes; SkyPilot puts a pool of its own machines among contexts, as `ssh-POOL`.
        region = "/".join(words[1:])
        named = f"ssh-{region}" if region and cloud == "ssh" else region
        parts = {"cloud": "ssh" if cloud == "ssh" else "kubernetes", "region": named}
    elif len(words) > 3 or "" in words:
        raise Fault(path, f"found {spoken(infra)}, allowed: CLOUD/REGION or CLOUD/REGION/ZONE")
    else:
        parts = dict(zip(("cloud", "region", "zone"), [cloud, *words[1:]], strict=False))
    return {key: word for key, word in parts.items() if word not in ("", "*")}


def region_of(resources: Mapping[str, object], path: KeyPath) -> str:
    """Return the region of located resources. Raises `Fault` that says what to add."""
    region = resources.get("region")
    if region is None:
        raise Fault(path, _missing(resources))
    if not is_region(region):
        raise Fault((*path, "region"), f"found {spoken(region)}, allowed: {REGION_RULE}")
    return str(region)


def _missing(resources: Mapping[str, object]) -> str:
    if is_kubernetes(resources.get("cloud")):
        return "names no context of Kubernetes; write `infra: k8s/CONTEXT` (kubectl config get-contexts)"
    return "names no region; add `region: us-east-2`, or one to each entry of `ordered`"


def common(resources: Mapping[str, object]) -> dict[str, object]:
    """Return what all replicas' machines share: the resources without any place."""
    shared = located(resources, ROOT)
    return {key: shared[key] for key in shared if key not in ("ordered", "any_of", "region", "zone")}


def places(resources: Mapping[str, object]) -> tuple[Placeable, ...]:
    """Return where replicas go, in turn. Raises `Fault` at what is no place, or twice the same."""
    if resources.get("ordered") and resources.get("any_of"):
        raise Fault((*ROOT, "any_of"), "ordered is given as well; keep one of the two")
    base = located(resources, ROOT)
    ordered, any_of = base.pop("ordered", None), base.pop("any_of", None)
    if ordered is None and any_of is None:
        return (Placeable(region_of(base, ROOT), base),)
    found = _entries(ordered or any_of, base, "ordered" if ordered else "any_of")
    if any_of:
        # SkyPilot calls it a set; the same file shall mean the same every time.
        found.sort(key=lambda place: _text(place.resources))
    return tuple(found)


def _entries(entries: object, base: dict[str, object], key: str) -> list[Placeable]:
    assert isinstance(entries, list)  # noqa: S101 - the model has checked it
    found: list[Placeable] = []
    for number, entry in enumerate(entries):
        path = (*ROOT, key, number)
        resources = base | located(entry, path)
        place = Placeable(region_of(resources, path), resources)
        if place in found:
            raise Fault(path, f"the same as entry {found.index(place)}; raise `replicas` to have more there")
        found.append(place)
    return found


def _text(resources: Mapping[str, object]) -> str:
    return json.dumps(resources, sort_keys=True, default=str)


def engine_port(found: tuple[Placeable, ...], asked: int | None) -> int:
    """Return where the engine listens: `asked` (`service.ports`), else the one port of the resources.

    Raises `Fault` when that is none, or more than one.
    """
    if asked is not None:
        return asked
    ports = {str(port) for place in found for port in _listed(place.resources.get("ports"))}
    port = next(iter(ports), "")
    if len(ports) != 1 or not port.isdigit() or not 0 < int(port) < 65_536:
        said = "names no port" if not ports else f"opens {', '.join(sorted(ports))}"
        raise Fault(
            (*ROOT, "ports") if ports else ROOT, f"{said}; say in `service.ports` where the engine listens"
        )
    return int(port)


def _listed(ports: object) -> list[object]:
    return ports if isinstance(ports, list) else [] if ports is None else [ports]
