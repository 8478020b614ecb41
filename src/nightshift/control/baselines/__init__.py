"""What Nightshift is measured against, as services of their own.

- `routers.py`: systems 0 and 1 of the benchmark and vllm-router, one before all replicas of a service;
- `gke/`: system 6, the multi-cluster gateway of Google Kubernetes Engine;
- `command.py`: `nightshift baseline`.
"""
