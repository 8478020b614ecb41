"""Ports in use, folders that cannot be written, a disk that is full: told, and nothing half-begun."""

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import trustme
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports, until


def test_a_port_in_use_is_told_before_anything_begins(bed: Bed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = bed.cli("up", str(bed.file({HERE: free_ports(1)[0], THERE: port})), "-y", status=2).stderr
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another port" in said
    assert bed.programs() == {"controller": 1}
    assert bed.controller().services() == []
    assert bed.controller().leftovers("demo") == []


@pytest.mark.long
def test_certificates_are_found_beside_the_service_file(bed: Bed, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    (tmp_path / "tls").mkdir()
    issued.cert_chain_pems[0].write_to_path(tmp_path / "tls" / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "tls" / "key.pem")
    (port,) = free_ports(1)
    file = bed.file({HERE: port}, tls={"certificate": "tls/cert.pem", "key": "tls/key.pem"})
    bed.cli("up", file.name, "-y", folder=tmp_path)
    bed.kill_controller()
    assert bed.view_by_command()["status"] == "READY"
    trusting = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    with urlopen(f"https://127.0.0.1:{port}/v1/models", context=trusting, timeout=10) as page:
        assert page.status == 200


def test_a_state_folder_that_cannot_be_one(bed: Bed, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = str(bed.file({HERE: free_ports(1)[0]}))
    done = bed.cli("up", file, "-y", status=2, XDG_STATE_HOME=str(tmp_path / "file"))
    assert "cannot write in" in done.stderr
    assert "set XDG_STATE_HOME elsewhere" in done.stderr
    assert bed.programs() == {}


@contextlib.contextmanager
def on_a_disk(folder: Path, size: str, more: str = "") -> Iterator[Bed]:
    """Give a machine whose state folder is a small disk in memory, where that is permitted."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}{more}", "tmpfs", str(folder)]
    try:
        subprocess.run(mounting, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nobody may mount a disk here")
    bed = Bed(folder)
    try:
        yield bed
    finally:
        left = bed.end()
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    assert left == []


@pytest.mark.long
def test_a_folder_that_may_only_be_read(tmp_path: Path) -> None:
    with on_a_disk(tmp_path / "disk", "1m", ",ro") as bed:
        elsewhere = Bed(tmp_path).file({HERE: free_ports(1)[0]})
        said = bed.cli("up", str(elsewhere), "-y", status=2).stderr
        assert (
            f"cannot write in {bed.places.root}: Read-only file system; set XDG_STATE_HOME elsewhere" in said
        )
        assert bed.programs() == {}


@pytest.mark.long
def test_a_disk_without_room_for_the_state(tmp_path: Path) -> None:
    with on_a_disk(tmp_path / "disk", "32k") as bed:
        elsewhere = Bed(tmp_path).file({HERE: free_ports(1)[0]})
        done = bed.cli("up", str(elsewhere), "-y", status=None)
        assert done.returncode in {1, 2}
        signs = ("No space left", "disk is full", "disk I/O error")
        assert any(sign in done.stderr for sign in signs), done.stderr
        assert set(bed.programs()) <= {"controller"}


@pytest.mark.long
def test_a_disk_that_fills_up_while_a_service_runs(tmp_path: Path) -> None:
    here, there, third = free_ports(3)
    with on_a_disk(tmp_path / "disk", "4m") as bed:
        file = Bed(tmp_path).file({HERE: here, THERE: there})
        other = Bed(tmp_path).file({HERE: third}, name="other")
        bed.cli("up", str(file), "-y")
        programs = bed.programs()
        filler = bed.folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as full:
            while True:
                full.write(bytes(4096))
        said = bed.cli("up", str(other), "-y", status=2).stderr
        assert "other: No space left on device; free it" in said
        assert bed.programs() == programs

        bed.kill("demo-r1")
        bed.until(lambda view: "No space left" in view["problem"] or "full" in view["problem"], "it is told")
        filler.unlink()
        until(lambda: bed.programs() == programs, "another replica is launched")
        bed.until(lambda view: view["status"] == "READY" and not view["problem"], "repaired")
