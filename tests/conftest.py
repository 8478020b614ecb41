"""For all tests: none may fail because of where it runs, or because the machine is busy.

A shell that starts something in the background has it ignore Ctrl-C, and so would every service that a test
starts and ends that way.

Hypothesis by itself fails a test whose inputs take long to make, or one of whose examples takes longer than
200 ms; both are measures of the machine, and several tests run at a time.
"""

import signal
from importlib.util import find_spec

signal.signal(signal.SIGINT, signal.default_int_handler)

if find_spec("hypothesis") is not None:  # the virtual environment of SkyPilot has none
    from hypothesis import HealthCheck, settings

    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")
