"""Which system a service runs: of `system` and `switches`, or the original's variables, and the policies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nightshift.balancing.presets import PRESETS, preset
from nightshift.balancing.switches import Switches, ToReplicas
from nightshift.control.service.faults import Fault
from nightshift.control.service.original_switches import (
    ALIASES,
    DEFAULT_MAX_CONCURRENT,
    MAX_CONCURRENT,
    PEER_POLICY,
    REPLICA_POLICY,
    Translated,
    translate,
)
from nightshift.control.service.overlay import laid_over
from nightshift.control.service.section import Section
from nightshift.control.yamlfile import KeyPath


@dataclass(frozen=True, slots=True)
class Chosen:
    """A system, what status calls it, and what the user should be told of it."""

    switches: Switches
    system: str
    notes: tuple[str, ...] = ()


def name_of(switches: Switches) -> str:
    """Return the suffix of the preset that these switches are, or `custom`."""
    return next((known.suffix for known in PRESETS if known.switches == switches), "custom")


def translated(envs: Mapping[str, str], own: Mapping[KeyPath, bool]) -> Translated | None:
    """Return what the original's variables mean; None if none is set.

    `own` says which of our own keys, by path, the file has: with both, nobody knows what was meant, so that
    raises a `Fault`.
    """
    found = translate(envs)
    for path, is_given in own.items():
        if found is not None and is_given:
            variables = ", ".join(found.set_by)
            raise Fault(path, f"the original's switches are set as well ({variables}); keep one of the two")
    return found


def chosen(section: Section, envs: Mapping[str, str]) -> Chosen:
    """Return the system of a section. Raises `Fault`."""
    own: dict[KeyPath, bool] = {
        ("service", "system"): section.system is not None,
        ("service", "switches"): section.switches is not None,
    }
    original = translated(envs, own)
    base = original.switches if original else preset(section.system or "nightshift").switches
    assert base is not None  # noqa: S101 - the section refuses a system without switches
    switches, notes = _with_keys(laid_over(base, section.switches or {}), section, envs)
    name = name_of(switches)
    if original:
        notes = (said_of_original(original, name), *original.notes, *notes)
    return Chosen(switches, name, notes)


def said_of_original(original: Translated, name: str) -> str:
    """Return the note that names what the original's variables made."""
    return f"{', '.join(original.set_by)}: switches of the original; the system is {name}"


def _with_keys(
    switches: Switches, section: Section, envs: Mapping[str, str]
) -> tuple[Switches, tuple[str, ...]]:
    """Lay the section's own `load_balancing_policy` and `max_concurrent_requests` over the switches."""
    notes: list[str] = []
    policy, overlay = section.load_balancing_policy, section.switches or {}
    if policy is not None:
        policy = ALIASES.get(policy, policy)
        if "peer_policy" in overlay and switches.peer_policy != policy:
            raise Fault(
                ("service", "load_balancing_policy"),
                f"says {policy}, but switches.peer_policy says {switches.peer_policy}; keep one of the two",
            )
        if PEER_POLICY in envs and switches.peer_policy != policy:
            notes.append(f"{PEER_POLICY} has no effect: load_balancing_policy is {policy} in the file")
        switches = replace(switches, peer_policy=policy)
        if "replica_policy" not in overlay and REPLICA_POLICY not in envs:
            switches = replace(switches, replica_policy=policy)
    most = section.max_concurrent_requests
    if most is None:
        return switches, tuple(notes)
    if switches.to_replicas is ToReplicas.BY_OUTSTANDING and "max_outstanding" not in overlay:
        if MAX_CONCURRENT in envs and switches.max_outstanding != most:
            notes.append(f"{MAX_CONCURRENT} has no effect: max_concurrent_requests is {most} in the file")
        switches = replace(switches, max_outstanding=most)
    elif most != DEFAULT_MAX_CONCURRENT:
        notes.append(
            "max_concurrent_requests has no effect: it is for `to_replicas: by-outstanding`, "
            f"and here it is {switches.to_replicas}"
        )
    return switches, tuple(notes)
