"""Keys of the `service` section that go to every balancer as they are: limits, certificates, clients' keys.

They are checked by the balancer's own settings. Errors quote what they found of limits only: the rest may be
a client's key.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from nightshift.control.checked import Strict, refuse, refuse_because, said_of
from nightshift.control.service.faults import Fault, unknown_key
from nightshift.control.yamlfile import KeyPath
from nightshift.errors import UserError
from nightshift.proxy.access.key_files import read_keys
from nightshift.proxy.access.settings import KeySettings, PeerTlsSettings, check_keys_differ
from nightshift.proxy.limits import Limits


def _checked_by(model: type[BaseModel], *, quotes: bool = False) -> Callable[[object], object]:
    """Return the validator that asks a model of the balancer, and says its first problem in our words.

    `quotes` lets an error show what it found: where that cannot be a secret.
    """

    def validate(value: object) -> object:
        if not isinstance(value, Mapping):
            known = f"a mapping with {', '.join(model.model_fields)}"
            raise refuse(value, known) if quotes else refuse_because(f"must be {known}")
        for key in value:
            if key not in model.model_fields:
                raise unknown_key(key, model.model_fields)
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise (_quoted(error) if quotes else _in_our_words(error)) from None

    return validate


def _in_our_words(error: ValidationError) -> PydanticCustomError:
    problem = error.errors(include_input=False, include_url=False)[0]
    if problem["type"] == "missing":
        return refuse_because(f"the key {problem['loc'][-1]!r} is missing")
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return refuse_because(message[:1].lower() + message[1:], *problem["loc"])


def _quoted(error: ValidationError) -> PydanticCustomError:
    problem = error.errors(include_url=False)[0]
    return refuse_because(said_of(problem), *problem["loc"])


BalancerLimits = Annotated[Limits, BeforeValidator(_checked_by(Limits, quotes=True))]
ClientKey = Annotated[KeySettings, BeforeValidator(_checked_by(KeySettings))]
PeerTls = Annotated[PeerTlsSettings, BeforeValidator(_checked_by(PeerTlsSettings))]


class Tls(Strict):
    """The certificate that balancers show to clients. Paths are seen from the service file."""

    certificate: str | None = None
    """PEM file: the certificate, then those between it and the authority."""
    key: str | None = None
    """PEM file of its private key, without a passphrase."""
    certfile: str | None = None
    """SkyPilot's name of `certificate`."""
    keyfile: str | None = None
    """SkyPilot's name of `key`."""
    handshake_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    """Seconds for a handshake; then the connection is dropped."""
    handshakes: Annotated[int, Field(gt=0)] = 512
    """Handshakes under way at once; a connection beyond them is dropped."""

    @model_validator(mode="after")
    def _has_both(self) -> "Tls":
        for ours, theirs in (("certificate", "certfile"), ("key", "keyfile")):
            given = [name for name in (ours, theirs) if getattr(self, name) is not None]
            if len(given) != 1:
                raise refuse_because(f"needs {ours} (or {theirs}), once")
        return self

    def settings(self) -> dict[str, object]:
        """Return what a balancer's `tls` has."""
        rest = self.model_dump(include={"handshake_s", "handshakes"}, exclude_unset=True)
        return {"certificate": self.certificate or self.certfile, "key": self.key or self.keyfile, **rest}


class BalancerKeys(Strict):
    """What the section says of every balancer."""

    limits: BalancerLimits | None = None
    """What a client or an engine may take at most: `docs/reference/limits.md`."""
    tls: Tls | None = None
    """Serve clients over TLS."""
    keys: list[ClientKey] | None = None
    """The keys that clients must show; without any, and without a file, everybody is served."""
    keys_file: str | None = None
    """A file of more keys, a JSON object in each line (`nightshift keys new`), seen from the service file."""
    peer_tls: PeerTls | None = None
    """Certificates between the balancers (mutual TLS); needs `tls`. Paths are seen from the service file."""

    @model_validator(mode="after")
    def _fit_together(self) -> "BalancerKeys":
        if self.peer_tls is not None and self.tls is None:
            raise refuse_because("needs tls: certificates are shown in a TLS handshake", "peer_tls")
        try:
            check_keys_differ(tuple(self.keys or ()))
        except ValueError as error:
            raise refuse_because(str(error), "keys") from None
        return self


def balancer_settings(section: BalancerKeys, folder: Path) -> dict[str, object]:
    """Return those keys of a balancer's configuration that the section sets, ready for JSON.

    Paths become absolute, seen from `folder`. Raises `Fault` for a file that is not there, or holds no keys.
    """
    settings: dict[str, object] = {}
    if section.limits is not None:
        settings["limits"] = section.limits.model_dump(mode="json", exclude_unset=True)
    if section.tls is not None:
        settings["tls"] = _with_files(section.tls.settings(), "tls", folder)
    if section.keys:
        settings["keys"] = [key.model_dump(mode="json", exclude_unset=True) for key in section.keys]
    if section.keys_file is not None:
        settings["keys_file"] = _keys_file(section, folder)
    if section.peer_tls is not None:
        settings["peer_tls"] = _with_files(section.peer_tls.model_dump(mode="json"), "peer_tls", folder)
    return settings


def _with_files(settings: dict[str, object], key: str, folder: Path) -> dict[str, object]:
    return {
        name: _file(value, ("service", key, name), folder) if isinstance(value, str) else value
        for name, value in settings.items()
    }


def _keys_file(section: BalancerKeys, folder: Path) -> str:
    path = ("service", "keys_file")
    file = _file(section.keys_file or "", path, folder)
    try:
        keys = read_keys(Path(file))
        check_keys_differ((*(section.keys or ()), *keys))
    except (UserError, ValueError) as error:
        raise Fault(path, str(error)) from None
    if not keys and not section.keys:
        raise Fault(
            path, "holds no key; add one (`nightshift keys new`), or leave keys_file out to serve all"
        )
    return file


def _file(text: str, path: KeyPath, folder: Path) -> str:
    file = (folder / Path(text).expanduser()).absolute()
    if not file.is_file():
        raise Fault(path, f"no such file: {file}")
    return str(file)
