"""The GKE multi-cluster gateway as a baseline (system 6).

- `options.py`: project, clusters, model;
- `manifests.py`: what Kubernetes is given, from options; pure;
- `steps.py`: the commands in order, each with how one knows that it is done, and its undo; pure;
- `running.py`: runs commands; all I/O of this package;
- `command.py`: `nightshift baseline gke`.
"""
