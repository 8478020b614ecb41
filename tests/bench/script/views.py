"""What the controller says of services, made up."""

from typing import Any

OHIO, TOKYO, DUBLIN = "us-east-2", "ap-northeast-1", "eu-west-1"


def unit(name: str, region: str, endpoint: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "region": region, "endpoint": endpoint, "status": "READY", "queue": 0} | more


def view(name: str = "svc3", system: str = "sky_pull_pull", **more: Any) -> dict[str, Any]:
    """A service of two regions on a cloud, without a name of its own."""
    return {
        "name": name,
        "provider": "skypilot",
        "engine": {"text": "vLLM", "emulated": False, "speed": 1.0},
        "wan": None,
        "system": system,
        "endpoint": "3.0.0.1:8000",
        "replicas_ready": 2,
        "replicas_total": 2,
        "balancers_ready": 2,
        "balancers_total": 2,
        "replicas": [
            unit(f"{name}-r1", OHIO, "3.0.1.1:8081"),
            unit(f"{name}-r2", TOKYO, "3.0.1.2:8081"),
        ],
        "balancers": [unit(f"{name}-b1", OHIO, "3.0.0.1:8000"), unit(f"{name}-b2", TOKYO, "3.0.0.2:8000")],
        "baselines": [],
    } | more
