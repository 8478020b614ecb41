"""The configuration of each contestant, as text. Pure.

Each proxy is given what it needs for a fair figure: keep-alive to the upstreams, no buffering of streams,
no log of requests, one process, one worker. Choices that matter for cost say why.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from nightshift.balancing.switches import Switches

PEER_TOKEN = "bench-peer-token"  # noqa: S105 - both ends are ours, on the loopback, for minutes
EVERY_PROBE = 10**9
"""For `sends_per_probe`: that rule spreads a burst over the reports of slow engines, and with the stub, which
answers at once, it would hold the rate at 4 requests for each replica and report. The rule is evaluated for
every request all the same."""


def switches() -> dict[str, Any]:
    """Return the default service's switches (selective push, by pending, prefix trees) but for one."""
    return asdict(replace(Switches(), sends_per_probe=EVERY_PROBE))


def nightshift(
    name: str, upstreams: Sequence[str], peers: Sequence[tuple[str, str]] = (), **changed: object
) -> dict[str, Any]:
    """Return a balancer's settings; `peers` are pairs of name and address, `changed` are switches."""
    return {
        "name": name,
        "region": name,
        "port": 0,
        "replicas": [
            {"id": f"{name}-{number}", "address": address} for number, address in enumerate(upstreams)
        ],
        "peers": [{"id": id_, "address": address} for id_, address in peers],
        "peer_token": PEER_TOKEN,
        "switches": switches() | changed,
    }


def nginx(
    address: str, upstreams: Sequence[str], folder: str, user: str | None, connections: int = 4096
) -> str:
    """Return nginx.conf. `user` is set when it starts as root, so that its one process may write to `folder`.

    One process without a master: nothing is left behind when it is killed. The body buffer holds the largest
    prompt, else nginx writes it to a file first. A worker's connections are those of both
    sides, and it closes new ones when a sixteenth of them is left.
    """
    servers = "".join(f"        server {upstream};\n" for upstream in upstreams)
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""\
daemon off;
master_process off;
{f"user {user};" if user else ""}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{
    worker_connections {3 * connections};
}}
http {{
    access_log off;
{temporary}\
    client_body_buffer_size 256k;
    client_max_body_size 64m;
    keepalive_requests 1000000;
    upstream engines {{
        least_conn;
{servers}\
        keepalive 256;
        keepalive_requests 1000000;
    }}
    server {{
        listen {address} backlog=4096;
        location = /nginx-health {{
            return 200;
        }}
        location / {{
            proxy_pass http://engines;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"""


def haproxy(address: str, upstreams: Sequence[str], connections: int = 4096) -> str:
    """Return haproxy.cfg: one thread, as its figure per request is lowest with one.

    Without `http-no-delay` it holds chunks of a stream back for a tenth of a second.
    """
    servers = "".join(f"    server s{number} {upstream} check\n" for number, upstream in enumerate(upstreams))
    return f"""\
global
    nbthread 1
    maxconn {connections}
    tune.bufsize 65536
defaults
    mode http
    option http-no-delay
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend entry
    bind {address}
    monitor-uri /haproxy-health
    default_backend engines
backend engines
    balance leastconn
{servers}"""


def litellm(model: str, upstreams: Sequence[str]) -> dict[str, Any]:
    """Return LiteLLM's config.yaml as data (JSON is YAML)."""
    return {
        "model_list": [
            {
                "model_name": model,
                "litellm_params": {
                    "model": f"openai/{model}",
                    "api_base": f"http://{upstream}/v1",
                    "api_key": "sk-bench",
                },
            }
            for upstream in upstreams
        ],
        "litellm_settings": {"telemetry": False, "num_retries": 0, "request_timeout": 60},
        # It would not start without a key of its own; and checking none is the cheapest.
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},
        "router_settings": {"routing_strategy": "simple-shuffle"},
    }
