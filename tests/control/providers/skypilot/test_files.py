"""Certificates and keys that a balancer's settings name are where it looks, and only it reads them."""

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from nightshift.control.controller.orders import order_for
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Balancing, Kind, Order, ProviderError
from nightshift.control.providers.skypilot.source import Source
from nightshift.control.providers.skypilot.tasks import CONFIG, task_of
from nightshift.control.service.read import read_spec
from nightshift.proxy.settings import checked_settings

SERVICE = """\
name: chat
service:
  replicas: 1
  tls: {certificate: chat.pem, key: chat.key}
  peer_tls: {ca: peers/ca.pem, certificate: peers/peer.pem, key: peers/peer.key}
  keys_file: keys.jsonl
resources: {cloud: aws, region: us-east-2, ports: 8081}
run: serve
"""
KEY = '{"id": "alice", "sha256": "' + "0" * 64 + '"}\n'
FILES = {
    "keys_file": "keys.jsonl",
    "tls.certificate": "chat.pem",
    "tls.key": "chat.key",
    "peer_tls.ca": "peers/ca.pem",
    "peer_tls.certificate": "peers/peer.pem",
    "peer_tls.key": "peers/peer.key",
}
SOURCE = Source("nightshift==0.1.0", {})


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The controller's machine."""
    folder = tmp_path / "here"
    (folder / "peers").mkdir(parents=True)
    for path in FILES.values():
        (folder / path).write_text(KEY if path.startswith("keys") else f"content of {path}")
    (folder / "service.yaml").write_text(SERVICE)
    return folder


def made_from(here: Path) -> dict[str, Any]:
    spec = read_spec(here / "service.yaml").spec
    row = UnitRow("chat-b1", "chat", Kind.BALANCER, 1, 1, "us-east-2", 0, State.PENDING, 0.0, 0.0)
    return task_of(order_for(spec, row, "token-of-the-service"), SOURCE)


def copied(made: dict[str, Any], home: Path) -> None:
    """Do what SkyPilot does: copy the files, then run the first lines of `setup`."""
    for there, path in made["file_mounts"].items():
        place = home / there.removeprefix("~/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
        place.chmod(0o644)
    private = made["setup"].partition("set -e")[0]
    subprocess.run(["bash", "-ec", private], env={**os.environ, "HOME": str(home)}, check=True)


def test_each_file_is_where_the_settings_say(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_from(here)
    home = tmp_path / "there"
    copied(made, home)
    shutil.rmtree(here)
    monkeypatch.chdir(home)  # as its command does
    settings = checked_settings(orjson.loads(made["secrets"][CONFIG]), where="settings")
    assert settings.tls is not None
    assert settings.peer_tls is not None
    said = {
        "keys_file": settings.keys_file,
        "tls.certificate": settings.tls.certificate,
        "tls.key": settings.tls.key,
        "peer_tls.ca": settings.peer_tls.ca,
        "peer_tls.certificate": settings.peer_tls.certificate,
        "peer_tls.key": settings.peer_tls.key,
    }
    for name, path in said.items():
        assert path is not None
        assert path.read_text() == (KEY if name == "keys_file" else f"content of {FILES[name]}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_skypilot_takes_the_files(here: Path) -> None:
    sky = pytest.importorskip("sky")
    made = made_from(here)
    task = sky.Task.from_yaml_config(dict(made))
    assert task.file_mounts == made["file_mounts"]
    assert len(made["file_mounts"]) == len(FILES)


def test_a_file_that_is_not_there_is_said_before_anything_is_launched(here: Path) -> None:
    (here / "chat.key").unlink()
    settings = {"tls": {"certificate": str(here / "chat.pem"), "key": str(here / "chat.key")}}
    order = Order("chat-b1", "chat", Kind.BALANCER, "us-east-2", Balancing(settings))
    with pytest.raises(ProviderError, match=r"tls\.key: .*chat\.key is not a file") as caught:
        task_of(order, SOURCE)
    assert caught.value.permanent


def test_a_balancer_without_files_takes_none_along() -> None:
    made = task_of(Order("chat-b1", "chat", Kind.BALANCER, "us-east-2", Balancing({})), SOURCE)
    assert "file_mounts" not in made
    assert made["setup"].startswith("set -e")
