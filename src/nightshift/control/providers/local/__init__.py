"""The provider `local`: every unit is a process of this machine, and outlives who started it.

layout      where what lies on disk
locks       who may begin or end a unit
record      what is written down of a unit
programs    what an order runs (pure, but for its sockets)
spawn       begins a unit; `launch` is the little program that it begins as
session     the processes of a unit, and their end
checks      what `prepare` looks at
relay       the emulated WAN of a service
logs        a log as a stream
provider    joins them
"""

from nightshift.control.providers.local.provider import LocalProvider

__all__ = ["LocalProvider"]
