"""The controller's memory: SQLite in its folder, or the database that a URL names.

Every change is one transaction, and is on the disk before the call returns. Calls block, for milliseconds on
a local disk; they are few. An intent is written down before it is carried out, so that whoever comes after a
crash finds what may exist.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Row, create_engine, delete, event, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from nightshift.control.lifecycle.fleet import Fleet
from nightshift.control.lifecycle.rows import ServiceRow, UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind
from nightshift.control.store.tables import FILES, METADATA, SECRETS, SERVICES, UNITS
from nightshift.errors import NightshiftError, UserError

_ROOM_BYTES = 128 * 1024
"""80 KiB of room were too few for SQLite to begin a database, 140 KiB enough (a tmpfs, 2026-11-24)."""


class StoreError(NightshiftError):
    """The state could not be read or written: nothing may be done that is not written down."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What nobody is shown. `envs` are those of `--env`, for the latest version."""

    token: str = field(repr=False)
    envs: Mapping[str, str] = field(default_factory=dict, repr=False)


class Store:
    """See the head of the file."""

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's; a file of SQLite is made for its owner alone. Raises `StoreError`."""
        self.url = url
        with self._errors():
            self._engine = _engine(url)
            METADATA.create_all(self._engine)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # Reading

    def fleets(self) -> list[Fleet]:
        """Return all services with their units, by name."""
        with self._begin() as connection:
            services = [
                _service(row) for row in connection.execute(select(SERVICES).order_by(SERVICES.c.name))
            ]
            units = [_unit(row) for row in connection.execute(select(UNITS))]
        return [Fleet(one, tuple(unit for unit in units if unit.service == one.name)) for one in services]

    def file(self, service: str, version: int) -> tuple[str, str]:
        """Return the text of a version's service file, and where it came from."""
        with self._begin() as connection:
            row = connection.execute(
                select(FILES.c.text, FILES.c.source).where(
                    FILES.c.service == service, FILES.c.version == version
                )
            ).one()
        return row.text, row.source

    def secrets(self, service: str) -> Secrets:
        """Return the secrets of a service."""
        with self._begin() as connection:
            content = connection.execute(
                select(SECRETS.c.content).where(SECRETS.c.service == service)
            ).scalar_one()
        return Secrets(**orjson.loads(content))

    # Writing

    def create(self, service: ServiceRow, text: str, source: str, secrets: Secrets) -> None:
        """Begin a service. Raises `UserError` when there is one of its name."""
        try:
            with self._begin() as connection:
                connection.execute(insert(SERVICES).values(**asdict(service)))
                _add_file(connection, service, text, source)
                connection.execute(insert(SECRETS).values(service=service.name, content=_packed(secrets)))
        except _AlreadyThereError as error:
            raise UserError(
                f"there is a service {service.name!r} already; `nightshift serve update` changes it, "
                f"`nightshift serve down {service.name}` ends it"
            ) from error

    def renew(self, fleet: Fleet, text: str, source: str, secrets: Secrets) -> None:
        """Begin a new version of a service."""
        with self._begin() as connection:
            _add_file(connection, fleet.service, text, source)
            connection.execute(
                update(SECRETS)
                .where(SECRETS.c.service == fleet.service.name)
                .values(content=_packed(secrets))
            )
            _save(connection, fleet, None)

    def save(self, fleet: Fleet, before: Fleet | None = None) -> None:
        """Write a fleet down: all of it, or what differs from what was written `before`."""
        if fleet == before:
            return
        with self._begin() as connection:
            _save(connection, fleet, before)

    def forget(self, service: str) -> None:
        """Remove all that is known of a service."""
        with self._begin() as connection:
            connection.execute(delete(UNITS).where(UNITS.c.service == service))
            for table in (FILES, SECRETS):
                connection.execute(delete(table).where(table.c.service == service))
            connection.execute(delete(SERVICES).where(SERVICES.c.name == service))

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise _AlreadyThereError(str(error.orig)) from error
        except SQLAlchemyError as error:
            reason = f"{getattr(error, 'orig', None) or error}{self._if_full()}"
            raise StoreError(f"cannot use the state database {self._shown()}: {reason}") from error
        except OSError as error:
            raise StoreError(f"cannot use the state database {self._shown()}: {error.strerror}") from error
        except ImportError as error:
            raise StoreError(
                f"cannot use the state database {self._shown()}: {error}; install its driver"
            ) from error

    def _if_full(self) -> str:
        """Say what is full, if the disk is: SQLite may only speak of an input/output error then."""
        file = _file_of(self.url)
        if file is None or not file.parent.is_dir():
            return ""
        folder, disk = file.parent, os.statvfs(file.parent)
        free_bytes = disk.f_bavail * disk.f_frsize
        if free_bytes >= _ROOM_BYTES and (disk.f_favail or not disk.f_files):
            return ""
        return (
            f"; the disk of {folder} is full ({free_bytes // 1024} KiB free): free some room, or set "
            "XDG_STATE_HOME elsewhere"
        )

    def _shown(self) -> str:
        """Return the URL without a password."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"


class _AlreadyThereError(StoreError):
    """A row of this key exists."""


def _engine(url: str) -> Engine:
    path = _file_of(url)
    if path is None:
        return create_engine(url, pool_pre_ping=True)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # One connection for the one thread that writes; SQLite locks the file against others.
    engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def durable(connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def _file_of(url: str) -> Path | None:
    """Return the file of an SQLite database that has one."""
    is_file = url.startswith("sqlite:///") and url != "sqlite:///:memory:"
    return Path(url.removeprefix("sqlite:///")) if is_file else None


def _save(connection: Connection, fleet: Fleet, before: Fleet | None) -> None:
    known = {} if before is None else {row.name: row for row in before.rows}
    if before is None or before.service != fleet.service:
        service = asdict(fleet.service)
        connection.execute(update(SERVICES).where(SERVICES.c.name == fleet.service.name).values(**service))
    for row in fleet.rows:
        if known.get(row.name) != row:
            connection.execute(delete(UNITS).where(UNITS.c.name == row.name))
            connection.execute(insert(UNITS).values(**asdict(row)))
    names = {row.name for row in fleet.rows}
    for name in known.keys() - names:
        connection.execute(delete(UNITS).where(UNITS.c.name == name))


def _add_file(connection: Connection, service: ServiceRow, text: str, source: str) -> None:
    connection.execute(
        insert(FILES).values(service=service.name, version=service.version, text=text, source=source)
    )


def _packed(secrets: Secrets) -> str:
    return orjson.dumps({"token": secrets.token, "envs": dict(secrets.envs)}).decode()


def _service(row: Row[Any]) -> ServiceRow:
    return ServiceRow(**row._mapping)


def _unit(row: Row[Any]) -> UnitRow:
    facts = dict(row._mapping)
    return UnitRow(**{**facts, "kind": Kind(facts["kind"]), "state": State(facts["state"])})
