"""Finding the controller: whatever lies in its folder, the answer is one that answers, or none."""

import os
from pathlib import Path

import orjson
import pytest
from tests.control.controller.stage import Stage, given, play

from nightshift import __version__
from nightshift.control.controller.places import Places
from nightshift.control.serve import contact
from nightshift.control.serve.contact import Controller, ensure, find
from nightshift.errors import NightshiftError, UserError
from nightshift.processes import address_of, reserve


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"pid": 1}',
        b'{"pid": 4194304, "address": "127.0.0.1:1", "token": "x"}',
    ],
)
def test_a_contact_of_nobody_is_no_controller(tmp_path: Path, content: bytes) -> None:
    places = Places(tmp_path)
    places.contact.write_bytes(content)
    assert find(places) is None


def test_a_process_that_has_the_number_of_a_dead_controller_is_none(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with reserve("127.0.0.1", 0) as sock:  # nobody listens there
        where = {"pid": os.getpid(), "address": address_of(sock), "token": "x"}
        places.contact.write_bytes(orjson.dumps(where))
        assert find(places) is None
        with pytest.raises(NightshiftError, match=r"does not answer .* run the command again"):
            Controller(where["address"], "x").services()  # type: ignore[arg-type] # it is text


def test_one_of_another_version_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(tmp_path)
    where = {"pid": os.getpid(), "address": "127.0.0.1:1", "token": "x"}
    places.contact.write_bytes(orjson.dumps(where))
    said: dict[str, object] = {"status": "ok", "version": "0.0.1"}
    monkeypatch.setattr(Controller, "_ask", lambda *_: said)
    with pytest.raises(
        UserError, match=rf"is of version 0\.0\.1, .* `kill {os.getpid()}` \(services go on\)"
    ):
        find(places)
    said["version"] = __version__
    found = find(places)
    assert found is not None
    said["services"] = [dict.fromkeys(contact._READ - {"wan"})]
    with pytest.raises(UserError, match=r"older than this command \(it says nothing of wan\)"):
        found.services()


def test_all_that_commands_read_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        stage = Stage(tmp_path)
        await stage.services.begin(given())
        (view,) = stage.services.views()
        await stage.close()
        assert view.keys() == contact._READ

    play(story)


def test_a_database_with_a_password_is_in_no_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned: list[tuple[list[str], dict[str, str]]] = []

    def spawn(path: str, argv: list[str], environ: dict[str, str], **_: object) -> None:
        spawned.append((argv, environ))

    monkeypatch.setattr(os, "posix_spawn", spawn)
    url = "postgresql://me:hush-hush@somewhere/db"
    with pytest.raises(NightshiftError, match="it ended before it had said anything"):
        ensure(Places(tmp_path), database=url)
    ((argv, environ),) = spawned
    assert "hush-hush" not in " ".join(argv)
    assert environ["NIGHTSHIFT_DATABASE"] == url


def test_one_that_is_ending_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([{"event": "taken", "problem": "runs already"}] * 3)
    found = iter([None, None, None, controller := Controller("127.0.0.1:1", "x")])
    monkeypatch.setattr(contact, "_start", lambda *_: next(said))
    monkeypatch.setattr(contact, "find", lambda _: next(found))
    monkeypatch.setattr(contact, "pause", lambda _: None)
    assert ensure(Places(tmp_path)) is controller


def test_one_that_cannot_start_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([{"event": "failed", "problem": "no room"}])
    monkeypatch.setattr(contact, "_start", lambda *_: next(said))
    with pytest.raises(NightshiftError, match="the controller did not start: no room; its log is "):
        ensure(Places(tmp_path))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write in .*; set XDG_STATE_HOME elsewhere"):
        ensure(Places(tmp_path / "file" / "nightshift"))


def test_what_the_controller_refuses_is_what_its_user_reads() -> None:
    assert isinstance(contact._refusal(422, b'{"error": {"message": "no service"}}'), UserError)
    assert str(contact._refusal(422, b'{"error": {"message": "no service"}}')) == "no service"
    assert not isinstance(contact._refusal(500, b'{"error": {"message": "full"}}'), UserError)
    for content in (b"", b"<html>", b"[]", b'{"error": 1}'):
        assert str(contact._refusal(502, content)) == "the controller answered with status 502"
