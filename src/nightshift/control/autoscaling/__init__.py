"""How many replicas a service shall have. Pure: what the balancers say and a time go in, a number comes out.

    balancers' counters ──► RequestRate, QueueWait ──► Seen ──► Autoscaler.decide ──► how many

- `window.py`: how much a counter grew in the last seconds, whatever restarts happened;
- `rate.py`, `wait.py`: requests per second, and the time that requests waited, from balancers' metrics;
- `wishes.py`: how many replicas each target asks for;
- `holding.py`: how many are needed to hold what runs now, so that a drain loses nothing;
- `lesson.py`: which number was too few for how much;
- `autoscaler.py`: when a wish becomes a change;
- `describe.py`: what status says of it, and which keys of the original are not supported.

The controller asks every `Autoscaler.interval_s` seconds, writes the answer down, and launches or drains.
"""

from nightshift.control.autoscaling.autoscaler import Autoscaler
from nightshift.control.autoscaling.describe import UNSUPPORTED, policy_text
from nightshift.control.autoscaling.rate import RequestRate
from nightshift.control.autoscaling.seen import Seen
from nightshift.control.autoscaling.wait import QueueWait, WaitReading

__all__ = ["UNSUPPORTED", "Autoscaler", "QueueWait", "RequestRate", "Seen", "WaitReading", "policy_text"]
