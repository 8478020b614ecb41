"""What is said before anything is launched: clouds that are not enabled, regions that are not known."""

from collections.abc import Mapping

from nightshift.control.providers.skypilot.sdk import Sky
from nightshift.control.providers.skypilot.tasks import cloud_of
from nightshift.errors import UserError


def check(sky: Sky, all_resources: list[Mapping[str, object]]) -> None:
    """Raise `UserError` for what SkyPilot may not use or does not know. Blocks."""
    clouds = sorted({cloud for resources in all_resources if (cloud := cloud_of(resources))})
    enabled = sky.enabled()
    for cloud in clouds:
        if cloud not in enabled:
            sky.check(cloud)
    if missing := [cloud for cloud in clouds if cloud not in enabled and cloud not in sky.enabled()]:
        names = " ".join(missing)
        raise UserError(f"SkyPilot may not use {names}: run `sky check {names}`, which says what is missing")
    for resources in all_resources:
        _check_region(sky, resources)


def _check_region(sky: Sky, resources: Mapping[str, object]) -> None:
    cloud = cloud_of(resources)
    parts = [*str(resources.get("infra") or "").split("/"), "", ""]
    region, zone = resources.get("region") or parts[1], resources.get("zone") or parts[2]
    if cloud is None or not region or (cloud == "kubernetes" and resources.get("infra")):
        return  # a context may have strokes in its name; SkyPilot knows how to read it
    try:
        sky.check_region(cloud, str(region), str(zone) if zone else None)
    except ValueError as error:
        raise UserError(f"{cloud} has no region {region}: {' '.join(str(error).split())[:300]}") from error
