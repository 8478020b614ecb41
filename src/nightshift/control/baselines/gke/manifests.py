"""What Kubernetes is given, by file name as in the benchmark's document. Pure.

`backendpolicy.yaml` is ours: without it the load balancer ends every answer after 30 seconds.
"""

from typing import Any

from nightshift.control.baselines.gke.options import Options

DEPLOYMENT = "sglang-deployment"
SERVICE = "sglang-service"
GATEWAY = "sglang-external-gateway"
PORT = 8081
GATEWAY_CLASS = "gke-l7-global-external-managed-mc"
"""Global, external, for several clusters: nearest region first, others when it is full or sick."""

Manifest = dict[str, Any]

ON_ALL = ("all.yaml", "svc-export.yaml")
"""Files for every cluster."""
ON_CONFIG = ("gateway.yaml", "httproute.yaml", "healthcheckpolicy.yaml", "backendpolicy.yaml")
"""Files for the cluster that holds the gateway."""


def manifests(options: Options) -> dict[str, list[Manifest]]:
    """Return all manifests by file name."""
    return {
        "all.yaml": [_deployment(options), _service(options)],
        "svc-export.yaml": [_export(options)],
        "gateway.yaml": [_gateway(options)],
        "httproute.yaml": [_route(options)],
        "healthcheckpolicy.yaml": [_health_check(options)],
        "backendpolicy.yaml": [_backend_policy(options)],
    }


def _named(options: Options, api: str, kind: str, name: str, spec: Manifest | None) -> Manifest:
    manifest = {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": options.namespace},
    }
    return manifest if spec is None else {**manifest, "spec": spec}


_LABELS = {"app": "sglang"}


def _deployment(options: Options) -> Manifest:
    pod = {
        "nodeSelector": {"cloud.google.com/gke-accelerator": options.accelerator},
        "terminationGracePeriodSeconds": 120,
        "containers": [_engine(options)],
        # Engines pass tensors between processes through shared memory; a pod's own has 64 MiB.
        "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}],
    }
    spec = {
        "replicas": options.replicas,
        "selector": {"matchLabels": _LABELS},
        # As many GPUs as replicas: a new pod has a place only when an old one is gone.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "template": {"metadata": {"labels": _LABELS}, "spec": pod},
    }
    return _named(options, "apps/v1", "Deployment", DEPLOYMENT, spec)


def _engine(options: Options) -> Manifest:
    command = ["python3", "-m", "sglang.launch_server", "--model-path", options.model]
    command += ["--host", "0.0.0.0", "--port", str(PORT), "--enable-metrics", "--enable-cache-report"]
    command += ["--mem-fraction-static", "0.8"]
    token = {"secretKeyRef": {"name": options.secret, "key": "token"}}
    health = {"httpGet": {"path": "/health", "port": PORT}, "timeoutSeconds": 5}
    return {
        "name": "sglang",
        "image": options.image,
        "command": command,
        "env": [{"name": "HF_TOKEN", "valueFrom": token}],
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": {"limits": {"nvidia.com/gpu": 1}, "requests": {"nvidia.com/gpu": 1}},
        # 20 minutes to fetch and load the model, as a service's replicas get.
        "startupProbe": {**health, "periodSeconds": 10, "failureThreshold": 120},
        "readinessProbe": {**health, "periodSeconds": 10, "failureThreshold": 3},
        "livenessProbe": {**health, "periodSeconds": 10, "failureThreshold": 18},
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108 - inside the pod
    }


def _service(options: Options) -> Manifest:
    ports = [{"name": "http", "port": PORT, "targetPort": PORT}]
    return _named(options, "v1", "Service", SERVICE, {"selector": _LABELS, "ports": ports})


def _export(options: Options) -> Manifest:
    return _named(options, "net.gke.io/v1", "ServiceExport", SERVICE, None)


def _gateway(options: Options) -> Manifest:
    spec = {
        "gatewayClassName": GATEWAY_CLASS,
        "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}],
    }
    return _named(options, "gateway.networking.k8s.io/v1", "Gateway", GATEWAY, spec)


def _route(options: Options) -> Manifest:
    backend = {"group": "net.gke.io", "kind": "ServiceImport", "name": SERVICE, "port": PORT}
    spec = {"parentRefs": [{"name": GATEWAY}], "rules": [{"backendRefs": [backend]}]}
    return _named(options, "gateway.networking.k8s.io/v1", "HTTPRoute", "sglang-route", spec)


_TARGET = {"group": "net.gke.io", "kind": "ServiceImport", "name": SERVICE}


def _health_check(options: Options) -> Manifest:
    check = {"type": "HTTP", "httpHealthCheck": {"port": PORT, "requestPath": "/health"}}
    default = {"checkIntervalSec": 10, "timeoutSec": 5, "healthyThreshold": 1, "unhealthyThreshold": 3}
    spec = {"default": {**default, "config": check}, "targetRef": _TARGET}
    return _named(options, "networking.gke.io/v1", "HealthCheckPolicy", "sglang-health-check", spec)


def _backend_policy(options: Options) -> Manifest:
    spec = {"default": {"timeoutSec": options.timeout_s}, "targetRef": _TARGET}
    return _named(options, "networking.gke.io/v1", "GCPBackendPolicy", "sglang-backend", spec)
