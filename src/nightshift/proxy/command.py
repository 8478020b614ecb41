"""The command `nightshift balancer`."""

from pathlib import Path
from typing import Annotated

import typer

from nightshift.errors import UserError


def balancer(
    *,
    config: Annotated[
        Path | None,
        typer.Option(help="JSON file with all settings; instead of the flags below, up to --speed."),
    ] = None,
    name: Annotated[str, typer.Option(help="What peers call this balancer. Default: the region.")] = "",
    region: Annotated[str, typer.Option(help="The region it is in, such as us-east-2.")] = "local",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 8000,
    replica: Annotated[
        list[str] | None,
        typer.Option(help="An engine, as URL or NAME=URL. Give it once for each.", metavar="[NAME=]URL"),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(help="Another region's balancer, by its name. Once for each.", metavar="NAME=URL"),
    ] = None,
    peer_token: Annotated[
        str | None,
        typer.Option(help="The secret that the balancers share.", envvar="NIGHTSHIFT_PEER_TOKEN"),
    ] = None,
    system: Annotated[
        str, typer.Option(help="How to place requests: a system of the benchmark by number or name.")
    ] = "nightshift",
    speed: Annotated[
        float, typer.Option(help="How many times faster than real the (emulated) fleet runs.")
    ] = 1.0,
    fd: Annotated[int | None, typer.Option(help="Serve on this inherited listening socket.")] = None,
    peer_fd: Annotated[int | None, typer.Option(help="Serve peers on this inherited socket, too.")] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="Processes behind the port, one for each core to be used.")
    ] = 1,
    division: Annotated[
        str, typer.Option(help="Replicas of several processes: own (dealt out), shared, or auto.")
    ] = "auto",
    peer_port: Annotated[
        int | None,
        typer.Option(help="First of several processes' ports for peers; 0: any free. Default: after --port."),
    ] = None,
    with_parent: Annotated[bool, typer.Option(help="End when the parent process ends.")] = False,
) -> None:
    """Serve one region: the first contact of its clients, in front of its replicas.

    For example, with two engines here and a peer in Europe:

    \b
        nightshift balancer --region us-east-2 \\
            --replica http://127.0.0.1:9000 --replica http://127.0.0.1:9001 \\
            --peer eu=http://10.0.0.2:8000 --peer-token SECRET

    Clients use it like any OpenAI-compatible server. With an admin listener in its
    settings, `nightshift admin` says what it knows and why it decides (docs/reference/admin.md).
    """
    from nightshift.processes import die_with_parent, listening_socket
    from nightshift.proxy.processes.division import Division
    from nightshift.proxy.processes.parent import run_processes
    from nightshift.proxy.run import listen, run
    from nightshift.proxy.settings import Settings, checked_settings, read_settings

    if with_parent:
        die_with_parent()

    def read() -> Settings:
        if config is not None:
            return read_settings(config)
        return checked_settings(
            {
                "name": name or region,
                "region": region,
                "host": host,
                "port": port,
                "replicas": [_target(r, default=f"{region}-{n}") for n, r in enumerate(replica or [])],
                "peers": [_target(p, default=None) for p in peer or []],
                "peer_token": peer_token,
                "switches": _switches(system),
                "speed": speed,
            },
            where="nightshift balancer",
        )

    if processes > 1:
        run_processes(read, processes, division=Division(division), peer_port=peer_port)
        return
    settings = read()
    peer_socks = () if peer_fd is None else (listening_socket("", 0, peer_fd),)
    run(settings, listen(settings, fd), *peer_socks, config=config)


def _target(flag: str, default: str | None) -> dict[str, str]:
    """Read `NAME=URL`, or a URL alone if there is a default for the name."""
    name, separator, address = flag.partition("=")
    if separator and "://" not in name:  # a process's name has one stroke: eu/0
        return {"id": name, "address": address}
    if default is None:
        raise UserError(f"--peer {flag}: expected NAME=URL, with the name that the peer has itself")
    return {"id": default, "address": flag}


def _switches(system: str) -> object:
    from nightshift.balancing.presets import preset

    chosen = preset(system)
    if chosen.switches is None:
        raise UserError(f"system {system} ({chosen.legend}) is not Nightshift's own: {chosen.note}")
    return chosen.switches
