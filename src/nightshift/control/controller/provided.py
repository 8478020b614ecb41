"""What a controller uses of others, made when it is first needed: it is heavy, and may not be there."""

from nightshift.control.controller.places import Places
from nightshift.control.dns.base import Dns
from nightshift.control.providers.base import Provider
from nightshift.control.service.spec import ProviderName


class Provided:
    """Returns the provider of a name, always the same."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._made: dict[ProviderName, Provider] = {}

    def __call__(self, name: ProviderName) -> Provider:
        """Raises `UserError` when it needs a package that is not installed."""
        if name not in self._made:
            self._made[name] = self._local() if name is ProviderName.LOCAL else self._skypilot()
        return self._made[name]

    def _local(self) -> Provider:
        from nightshift.control.providers.local import LocalProvider

        return LocalProvider(self._places.units)

    def _skypilot(self) -> Provider:
        from nightshift.control.providers.skypilot.provider import SkyPilotProvider

        return SkyPilotProvider(self._places.clusters)


def route53(zone: str) -> Dns:
    """Return the name service of a zone. Raises `UserError` when boto3 is not installed."""
    from nightshift.control.dns.route53 import Route53

    return Route53(zone)
