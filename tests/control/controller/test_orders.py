"""What a balancer of a service is told, as the balancer itself reads it."""

from pathlib import Path

import pytest

from nightshift.control.controller.orders import balancer_settings
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind
from nightshift.control.service.read import read_spec
from nightshift.proxy.settings import checked_settings

FILE = """\
name: chat
service:
  replicas: 2
  {more}
resources:
  cloud: aws
  ports: 8081
  ordered:
    - region: us-east-2
    - region: eu-west-1
run: serve
"""


@pytest.mark.parametrize(
    ("more", "rules"),
    [
        (
            "residency: {acme: [eu-west-1], '*': [us-east-2, eu-west-1]}",
            {"acme": ("eu-west-1",), "*": ("us-east-2", "eu-west-1")},
        ),
        ("", {}),
    ],
)
def test_balancers_are_told_where_tenants_may_be_served(
    tmp_path: Path, more: str, rules: dict[str, tuple[str, ...]]
) -> None:
    path = tmp_path / "service.yaml"
    path.write_text(FILE.replace("{more}", more))
    spec = read_spec(path, name=None, envs={}).spec
    assert spec.residency == rules
    for place, balancer in enumerate(spec.balancers):
        row = UnitRow(
            name=f"chat-balancer-{place + 1}",
            service="chat",
            kind=Kind.BALANCER,
            number=place + 1,
            version=1,
            region=balancer.region,
            place=place,
            state=State.READY,
            since=0.0,
            launched=0.0,
        )
        told = checked_settings(balancer_settings(spec, row, "a-secret-of-the-service"), where="told")
        assert told.residency == rules
        assert told.region == balancer.region
