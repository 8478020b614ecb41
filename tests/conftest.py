"""For all tests: none may fail because the machine is busy.

Hypothesis by itself fails a test whose inputs take long to make, or one of whose examples takes longer than
200 ms; both are measures of the machine, and several tests run at a time.
"""

from importlib.util import find_spec

if find_spec("hypothesis") is not None:  # the virtual environment of SkyPilot has none
    from hypothesis import HealthCheck, settings

    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")
