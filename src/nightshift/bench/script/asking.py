"""What the users of each region ask: the words of `--extra-args`, which hold for all regions, and of
`--region-to-args`, which hold for one. Pure.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from nightshift.errors import UserError

_CLIENT_FLAGS = ("workload", "speed", "model", "ramp", "warmup", "slo")
"""Flags of `nightshift bench client` itself; all others are the workload's."""
_OURS = ("region", "endpoint", "out", "summary-out", "start-at", "progress", "with-parent")
"""Flags that the script gives to each client."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The flags of one region's client, checked: the workload's by field name, the client's by flag."""

    workload: str
    arguments: Mapping[str, object]
    client: Mapping[str, str]

    @property
    def users(self) -> int:
        """Simulated users of the region."""
        return int(str(self.arguments.get("num_users", 1)))

    @property
    def duration_s(self) -> float:
        """Seconds of the run, in the fleet's own time."""
        return float(str(self.arguments.get("duration", 120.0)))

    @property
    def warmup_s(self) -> float:
        """Seconds at the start that figures leave out."""
        return float(self.client.get("warmup", 0.0))

    @property
    def slo(self) -> str:
        """What a good request keeps, as text."""
        from nightshift.bench.measures import DEFAULT_SLO, parse_slo

        return parse_slo(self.client.get("slo", DEFAULT_SLO.text)).text

    def words(self) -> list[str]:
        """Return the words for `nightshift bench client`."""
        from nightshift.bench.workloads.arguments import as_words

        own = [f"--{flag}={value}" for flag, value in self.client.items()]
        return [f"--workload={self.workload}", *own, *as_words(self.arguments)]


def regions_of(regions: Sequence[str], region_to_args: str | None) -> dict[str, str]:
    """Return each region's own words: of exactly one of the two options. Raises `UserError`."""
    if bool(regions) == (region_to_args is not None):
        raise UserError("give one of --regions and --region-to-args, and only one")
    if region_to_args is None:
        if len(set(regions)) != len(regions):
            raise UserError("--regions names a region twice")
        return dict.fromkeys(regions, "")
    try:
        found = orjson.loads(region_to_args)
    except orjson.JSONDecodeError as error:
        raise UserError(
            f"--region-to-args is not JSON ({error.msg}); like this: "
            '\'{"us-east-2":"--num-users 100","ap-northeast-1":"--num-users 50"}\''
        ) from error
    if not (isinstance(found, dict) and found and all(isinstance(words, str) for words in found.values())):
        raise UserError("--region-to-args: a JSON object of region -> words is wanted")
    return found


def asked(extra_args: str, own: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, Asking]:
    """Return what each region's users ask. `defaults` are client flags that words may override.

    Raises `UserError` for a flag that is unknown, wrong, or given in both options.
    """
    shared = _words("--extra-args", extra_args)
    found = {}
    for region, text in own.items():
        words = _words(f"--region-to-args of {region}", text)
        if twice := sorted(_names(shared) & _names(words)):
            raise UserError(
                f"--{twice[0]} is in --extra-args and in --region-to-args of {region}; take it out of one"
            )
        found[region] = _asking([*shared, *words], defaults)
    workloads = {asking.workload for asking in found.values()}
    durations = {(asking.duration_s, asking.warmup_s, asking.slo) for asking in found.values()}
    if len(workloads) > 1 or len(durations) > 1:
        raise UserError("--workload, --duration, --warmup and --slo must be the same in all regions")
    return found


def _asking(words: Sequence[str], defaults: Mapping[str, str]) -> Asking:
    from nightshift.bench.workloads.arguments import parse

    client, rest = dict(defaults), []
    left = iter(words)
    for word in left:
        flag, equals, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and flag in _OURS:
            raise UserError(f"--{flag} is the script's to give; take it out of --extra-args")
        if not word.startswith("--") or flag not in _CLIENT_FLAGS:
            rest.append(word)
            continue
        given = value if equals else next(left, None)
        if given is None:
            raise UserError(f"--{flag} needs a value")
        client[flag] = given
    workload = client.pop("workload", "arena_syn")
    for flag in ("speed", "ramp", "warmup", "slo"):
        _number(flag, client.get(flag, "1"))
    return Asking(workload, parse(workload, rest), client)


def _number(flag: str, text: str) -> None:
    try:
        if float(text) >= 0:
            return
    except ValueError:
        pass
    raise UserError(f"--{flag} {text}: a number is wanted, 0 or more")


def _words(what: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UserError(f"{what}: {error}; quote it as for a shell") from error


def _names(words: Sequence[str]) -> set[str]:
    flags = (word[2:].partition("=")[0] for word in words if word.startswith("--"))
    return {flag.removeprefix("no-") for flag in flags}
