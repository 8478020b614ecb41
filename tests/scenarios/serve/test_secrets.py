"""What nobody is shown: values of `--env` and the service's token appear nowhere but where they are kept."""

import os
import sqlite3
import stat

import pytest
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports
from tests.scenarios.serve.load import Load

GIVEN = "hf_Zq4x7TnKw9RvB2mLs6YpDc3J"


@pytest.mark.long
def test_secrets_are_in_no_output_record_or_command_line(bed: Bed) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    bed.environ["HF_TOKEN"] = GIVEN
    up = bed.cli("up", str(bed.file(ports)), "-y", "--env", "HF_TOKEN", "--json")
    with Load({region: f"127.0.0.1:{port}" for region, port in ports.items()}) as load:
        load.until_answered(5)
        bed.kill("demo-r1")
        bed.until(lambda view: view["replicas_ready"] == 1, "replaced")
        load.until_answered(5)

    with sqlite3.connect(f"file:{bed.places.root / 'state.db'}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type='table'")]
        dumps = {name: repr(database.execute(f"select * from {name}").fetchall()) for name in tables}  # noqa: S608
    database.close()
    secrets = dumps.pop("secrets")
    token = secrets.split('"token":"')[1].split('"')[0]
    assert GIVEN in secrets
    assert set(dumps) == {"services", "units", "files"}

    said = dict(dumps)
    said["up"] = up.stdout + up.stderr
    said["status"] = bed.cli("status", "--json").stdout + bed.cli("status", "-v", "-a").stdout
    said["logs"] = bed.cli("logs", "demo", "balancer-1").stdout + bed.cli("logs", "controller").stdout
    said["failed update"] = bed.cli("update", "demo", "/dev/null", "-y", status=2).stderr
    said |= {command: command for _, command in bed.processes()}
    for path in bed.places.root.rglob("*"):
        kept_secret = path.name in {"config.json", "contact.json"} or path.name.startswith("state.db")
        assert not kept_secret or stat.S_IMODE(path.stat().st_mode) == 0o600, path
        if path.is_file() and not kept_secret:
            said[str(path)] = path.read_text(errors="replace")
    assert stat.S_IMODE(bed.places.root.stat().st_mode) == 0o700
    assert [where for where, text in said.items() if GIVEN in text or token in text] == []

    replica = bed.process(next(r["name"] for r in bed.view()["replicas"] if not r["gone"]))
    with open(f"/proc/{replica.pid}/environ", "rb") as environ:
        assert os.fsencode(f"HF_TOKEN={GIVEN}") in environ.read().split(b"\0"), "the replica has it"
