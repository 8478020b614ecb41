"""Ending services, and saying what remains of them."""

from collections.abc import Sequence

from nightshift.control.serve.contact import Controller
from nightshift.control.serve.screen import Screen
from nightshift.control.serve.waiting import until_gone
from nightshift.errors import UserError


def end_all(
    controller: Controller | None, names: Sequence[str], screen: Screen, *, purge: bool, stop: bool
) -> dict[str, list[str]]:
    """End these services, and with `stop` the controller; return what could not be removed, by service."""
    if controller is None:
        return _told(screen, {})
    for name in names:
        _end(controller, name, purge=False)
    left = {name: until_gone(controller, name, screen.progress) for name in names}
    for name in [name for name in names if left[name]]:
        if purge:
            _end(controller, name, purge=True)
            until_gone(controller, name, screen.progress)
    if stop and not controller.services():
        controller.stop()
    return _told(screen, left)


def _end(controller: Controller, name: str, *, purge: bool) -> None:
    """End a service, which another command may have ended meanwhile."""
    try:
        controller.end(name, purge=purge)
    except UserError:
        if name in [service["name"] for service in controller.services()]:
            raise


def _told(screen: Screen, left: dict[str, list[str]]) -> dict[str, list[str]]:
    """Print how it went; return those of which something is left."""
    if screen.as_json:
        screen.show_json([{"name": name, "leftovers": found} for name, found in left.items()])
    elif not left:
        screen.say("no service is up")
    for name, found in left.items():
        if not found:
            screen.say(f"{name} is down; nothing remains")
            continue
        screen.note(f"{name} is down, but this could not be removed:")
        for line in found:
            screen.note(f"  {line}")
    return {name: found for name, found in left.items() if found}
