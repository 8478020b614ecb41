"""The controller's memory: what was written is there, for whoever comes next, or nothing was."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from nightshift.control.lifecycle.fleet import REMEMBERED, Fleet
from nightshift.control.lifecycle.rows import ServiceRow, UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind
from nightshift.control.store.store import Secrets, Store, StoreError
from nightshift.errors import UserError

TOKEN, VALUE = "a-token-that-is-secret", "a-value-that-is-secret"
SECRETS = Secrets(TOKEN, {"HF_TOKEN": VALUE})


def service(name: str = "svc", **changed: object) -> ServiceRow:
    return replace(ServiceRow(name, 1, 1000.0, desired=2), **changed)  # type: ignore[arg-type] # its fields


def unit(number: int, state: State = State.READY, of: str = "svc", **changed: object) -> UnitRow:
    row = UnitRow(
        name=f"{of}-r{number}",
        service=of,
        kind=Kind.REPLICA,
        number=number,
        version=1,
        region="us-east-2",
        place=0,
        state=state,
        since=1001.5,
        launched=1000.25,
    )
    return replace(row, **changed)  # type: ignore[arg-type] # its fields


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'folder' / 'state.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


def created(store: Store, name: str = "svc") -> Fleet:
    store.create(service(name), f"text of {name}", f"{name}.yaml", SECRETS)
    return Fleet(service(name), ())


def by_name(fleet: Fleet) -> dict[str, UnitRow]:
    return {row.name: row for row in fleet.rows}


def again(store: Store) -> Store:
    """Return what a controller has that was started anew."""
    store.close()
    return Store(store.url)


def test_a_service_is_there_for_the_next_controller(store: Store) -> None:
    before = created(store)
    full = unit(
        2,
        State.FAILED,
        ready_first=1002.125,
        address="127.0.0.1:1",
        admin="127.0.0.1:2",
        zone="a",
        resources="1x process",
        problem="was killed by SIGKILL",
        permanent=True,
        gone=1003.0,
    )
    fleet = Fleet(service(has_served=True, next_replica=3), (unit(1), full))
    store.save(fleet, before)
    store = again(store)
    (found,) = store.fleets()
    assert found.service == fleet.service
    assert by_name(found) == by_name(fleet)
    assert isinstance(found.rows[0].state, State)
    assert isinstance(found.rows[0].kind, Kind)
    assert store.secrets("svc") == SECRETS
    assert store.file("svc", 1) == ("text of svc", "svc.yaml")
    store.close()


def test_a_name_is_given_once(store: Store) -> None:
    created(store)
    with pytest.raises(UserError, match=r"there is a service 'svc' already; .* update"):
        store.create(service(), "other", "other.yaml", Secrets("other"))
    assert store.file("svc", 1) == ("text of svc", "svc.yaml")
    assert store.secrets("svc") == SECRETS


def test_services_are_listed_by_name_each_with_its_own(store: Store) -> None:
    for name in ("b", "a"):
        store.save(Fleet(service(name), (unit(1, of=name),)), created(store, name))
    assert [(one.service.name, [row.name for row in one.rows]) for one in store.fleets()] == [
        ("a", ["a-r1"]),
        ("b", ["b-r1"]),
    ]


def test_only_what_differs_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = created(store)
    first = Fleet(before.service, (unit(1), unit(2)))
    store.save(first, before)
    second = Fleet(first.service, (unit(1), unit(2, State.NOT_READY), unit(3)))
    store.save(second, first)
    assert by_name(store.fleets()[0]) == by_name(second)
    third = Fleet(second.service, (unit(3),))
    store.save(third, second)
    assert store.fleets()[0] == third
    monkeypatch.delattr(store, "_engine")  # now any use of the database would fail
    store.save(third, third)


def test_what_is_pruned_is_gone_from_the_database_too(store: Store) -> None:
    fleet = created(store)
    for number in range(1, REMEMBERED + 10):
        grown = fleet.with_rows([unit(number, State.FAILED, gone=float(number))]).pruned()
        store.save(grown, fleet)
        fleet = grown
    names = {row.name for row in store.fleets()[0].rows}
    assert names == {f"svc-r{number}" for number in range(10, REMEMBERED + 10)}


def test_a_new_version_has_its_own_file_and_secrets(store: Store) -> None:
    created(store)
    renewed = Fleet(service(version=2, mode="blue_green"), (unit(1, version=2),))
    store.renew(renewed, "text of 2", "new.yaml", Secrets(TOKEN, {"HF_TOKEN": "new"}))
    store = again(store)
    assert store.fleets() == [renewed]
    assert store.file("svc", 1) == ("text of svc", "svc.yaml")
    assert store.file("svc", 2) == ("text of 2", "new.yaml")
    assert store.secrets("svc").envs == {"HF_TOKEN": "new"}
    store.close()


def test_what_is_forgotten_leaves_room_for_its_name(store: Store) -> None:
    for name in ("svc", "other"):
        store.save(Fleet(service(name), (unit(1, of=name),)), created(store, name))
    store.forget("svc")
    store.forget("never-was")
    assert [one.service.name for one in store.fleets()] == ["other"]
    assert store.secrets("other") == SECRETS
    created(store)
    assert [len(one.rows) for one in store.fleets()] == [1, 0]


def test_secrets_are_in_no_repr_and_no_other_table(store: Store, url: str) -> None:
    created(store)
    said = repr([SECRETS, store, store.secrets("svc"), store.fleets()])
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        for table in ("services", "units", "files"):
            said += repr(database.execute(f"select * from {table}").fetchall())  # noqa: S608
        assert TOKEN in repr(database.execute("select * from secrets").fetchall())
    database.close()
    assert TOKEN not in said
    assert VALUE not in said


def test_the_file_is_its_owners_alone(store: Store, url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    created(store)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_full_disk_is_an_error_and_changes_nothing(store: Store) -> None:
    before = created(store)
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match=r"cannot use the state database .*full"):
        store.create(service("big"), "x" * 100_000, "big.yaml", SECRETS)
    many = before.with_rows(unit(number, problem="x" * 2000) for number in range(1, 9))
    with pytest.raises(StoreError, match="full"):
        store.save(many, before)
    assert store.fleets() == [before]


@pytest.mark.parametrize("left", [{"f_bavail": 3}, {"f_favail": 0}])
def test_what_is_full_is_said_when_sqlite_does_not(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch, left: dict[str, int]
) -> None:
    disk = {"f_bavail": 10**6, "f_frsize": 4096, "f_favail": 10**6, "f_files": 10**6}
    folder = Path(url.removeprefix("sqlite:///")).parent
    monkeypatch.setattr(os, "statvfs", lambda where: SimpleNamespace(**{**disk, **left}))

    def fails() -> None:
        with store._begin() as connection:
            connection.exec_driver_sql("no sql at all")  # stands for "disk I/O error"

    with pytest.raises(StoreError, match=rf"the disk of {folder} is full \(\d+ KiB free\): free some room"):
        fails()
    monkeypatch.setattr(os, "statvfs", lambda where: SimpleNamespace(**disk))
    with pytest.raises(StoreError, match=r"syntax error$"):
        fails()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot use the state database .*Not a directory"):
        Store(f"sqlite:///{tmp_path / 'file' / 'deeper' / 'state.db'}")


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("certainly no database, and long enough for a header of one " * 20)
    with pytest.raises(StoreError, match=r"cannot use the state database .*not a database"):
        Store(f"sqlite:///{path}")


def test_another_database_can_be_named() -> None:
    store = Store("sqlite://")
    created(store)
    assert [one.service.name for one in store.fleets()] == ["svc"]
    with pytest.raises(UserError):
        created(store)
    store.close()


def test_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store("sqlite:///:memory:")
    created(store)
    assert [one.service.name for one in store.fleets()] == ["svc"]
    store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+nodriver://user:hush-hush@db.example/state",
        "postgresql+psycopg://user:hush-hush@db.example/state",
        "nonsense hush-hush",
        "mongodb://user:hush-hush@db.example/state",
    ],
)
def test_a_database_that_cannot_be_used_is_an_error_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="cannot use the state database") as caught:
        Store(url)
    assert "user:hush-hush" not in str(caught.value)
