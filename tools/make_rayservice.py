"""Make kubernetes/rayservice.yaml, KubeRay's manifest of the graph, from serve_config.yaml and cluster.yaml.

    .venv/bin/python tools/make_rayservice.py

The graph, the Ray version and the sizes of the nodes have one source each; tests/deployments/test_rayservice.py checks
that the manifest follows them. Only the settings for Kubernetes are here: image, secret, shared volume, ports.
Fields: https://docs.ray.io/en/latest/cluster/kubernetes/references/api.html (KubeRay 1.5.1 or newer).
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "kubernetes" / "rayservice.yaml"
IMAGE = "REPLACE.example/callytics:0.2.0"
SHARED = "/home/ray/shared"
STATE = "/home/ray/state"
MEMORY_PER_CPU_GI = 4
"""Memory of the instance types in cluster.yaml (m7i, g5): 4 GiB per CPU."""
CPUS_OF_KUBERNETES = 1
"""CPUs reserved per node: a pod that requests all CPUs of an instance is never placed."""

RAYLET_ALIVE = "http://localhost:52365/api/local_raylet_healthz"
GCS_ALIVE = "http://localhost:8265/api/gcs_healthz"
PROXY_SERVES = "http://localhost:8000/-/healthz"
"""Readiness of Serve: its proxy in this pod has routes and is not draining."""
GRAPH_READY = "http://localhost:8000/readyz"
"""Readiness of the gateway: calls can be analysed."""

REDIS = "callytics-redis:6379"
REDIS_SECRET = "callytics-redis"
"""Another secret than that of the stages: KubeRay gives the password to the head alone, and no stage needs it."""

HEAD = """\
# Made by tools/make_rayservice.py from serve_config.yaml and cluster.yaml; edit those, not this.
#
#     kubectl create secret generic callytics --from-env-file=cluster.env   # DATABASE_URL, HF_TOKEN, OPENAI_API_KEY
#     kubectl create secret generic callytics-redis --from-literal=password=...
#     kubectl apply -f kubernetes/rayservice.yaml
#     kubectl port-forward service/callytics-serve-svc 8000
#
# Needs the KubeRay operator 1.5.1 or newer, an image built by kubernetes/Dockerfile in the place of REPLACE, and a
# ReadWriteMany volume claim named callytics-shared, and a Redis that outlives the head, at callytics-redis:6379, with
# appendonly and a password (docs/operations.md, Losing the head). All services are ClusterIP; put an ingress with TLS
# before callytics-serve-svc, nothing before the head: its dashboard runs code for whoever has the token.
"""


class _Dumper(yaml.SafeDumper):
    """Block scalars for multi-line text, for a readable configuration; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def serve_config() -> dict[str, Any]:
    """serve_config.yaml for pods: the proxy of every pod listens on the pod network, which only services reach."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "serve_config.yaml").read_text(encoding="utf-8"))
    config["http_options"]["host"] = "0.0.0.0"
    return config


def ray_version() -> str:
    (version,) = re.findall(r"^ray==([\d.]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    return str(version)


def _probe(urls: tuple[str, ...], timeout_s: int, failures: int) -> dict[str, Any]:
    """With the program that KubeRay's own probes use. Ray's health checks and ours ask for no token."""
    each_s = timeout_s // len(urls)
    command = " && ".join(f"wget --tries 1 -T {each_s} -q -O /dev/null {url}" for url in urls)
    return {
        "exec": {"command": ["/bin/sh", "-c", command]},
        "initialDelaySeconds": 30,
        "periodSeconds": 10,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failures,
    }


def probes(name: str) -> dict[str, Any]:
    """Dead is a pod whose own processes of Ray do not answer, never one that waits for a stage: KubeRay would replace
    it, and everything that works in it. Not ready is a worker whose proxy cannot hand calls to a whole graph; its
    Service then sends requests elsewhere. The head is ready without the graph: KubeRay submits the graph only to a
    head that is, and the workers find it through a Service that lists ready pods."""
    if name == "ray-head":
        alive = _probe((RAYLET_ALIVE, GCS_ALIVE), 10, 12)
        return {"livenessProbe": alive, "readinessProbe": _probe((RAYLET_ALIVE, GCS_ALIVE), 10, 1)}
    return {
        "livenessProbe": _probe((RAYLET_ALIVE,), 5, 12),
        "readinessProbe": _probe((RAYLET_ALIVE, PROXY_SERVES, GRAPH_READY), 15, 1),
    }


def pod(name: str, resources: dict[str, int], ports: dict[str, int]) -> dict[str, Any]:
    """A pod template of one container. Requests equal limits, as KubeRay recommends: Ray schedules by the limits."""
    cpus = resources["CPU"] - CPUS_OF_KUBERNETES
    amounts: dict[str, Any] = {"cpu": str(cpus), "memory": f"{cpus * MEMORY_PER_CPU_GI}Gi"}
    if resources.get("GPU"):
        amounts["nvidia.com/gpu"] = str(resources["GPU"])
    container: dict[str, Any] = {
        "name": name,
        "image": IMAGE,
        "env": [
            {"name": "CALLYTICS_MODELS", "value": f"{SHARED}/models"},
            {"name": "HF_HOME", "value": f"{SHARED}/huggingface"},
        ],
        "envFrom": [{"secretRef": {"name": "callytics"}}],
        "resources": {"requests": amounts, "limits": copy.copy(amounts)},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "shared", "mountPath": SHARED},
            {"name": "shared", "mountPath": f"{STATE}/blobs", "subPath": "blobs"},
        ],
        # Running calls return to the queue within 30 s; another pod repeats a recognition that takes minutes.
        **probes(name),
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "ray stop --grace-period 30"]}}},
    }
    if ports:
        container["ports"] = [{"name": port, "containerPort": number} for port, number in ports.items()]
    spec: dict[str, Any] = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 100},
        "volumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": "callytics-shared"}}],
        "terminationGracePeriodSeconds": 60,
    }
    if resources.get("GPU"):
        spec["tolerations"] = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    return {"spec": spec}


def manifest() -> dict[str, Any]:
    cluster: dict[str, Any] = yaml.safe_load((ROOT / "cluster.yaml").read_text(encoding="utf-8"))
    nodes = cluster["available_node_types"]
    head = nodes[cluster["head_node_type"]]["resources"]
    workers = {name: node for name, node in nodes.items() if name != cluster["head_node_type"]}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayService",
        "metadata": {"name": "callytics"},
        "spec": {
            "serveConfigV2": yaml.dump(serve_config(), Dumper=_Dumper, sort_keys=False, width=110),
            "rayClusterConfig": {
                "rayVersion": ray_version(),
                "authOptions": {"mode": "token"},
                "enableInTreeAutoscaling": True,
                # The tables of the GCS, and in them Serve's state: a head that comes back goes on where it was. No
                # externalStorageNamespace: KubeRay takes the cluster's UID, so that two clusters of an upgrade do
                # not share one.
                "gcsFaultToleranceOptions": {
                    "redisAddress": REDIS,
                    "redisPassword": {
                        "valueFrom": {"secretKeyRef": {"name": REDIS_SECRET, "key": "password"}}
                    },
                },
                "autoscalerOptions": {"idleTimeoutSeconds": int(cluster["idle_timeout_minutes"] * 60)},
                "headGroupSpec": {
                    "serviceType": "ClusterIP",
                    # num-cpus 0: no replica on the head, none to lose with it.
                    "rayStartParams": {"dashboard-host": "0.0.0.0", "num-cpus": "0", "num-gpus": "0"},
                    "template": pod("ray-head", head, {"gcs": 6379, "dashboard": 8265, "serve": 8000}),
                },
                "workerGroupSpecs": [
                    {
                        "groupName": name.replace("_", "-"),
                        "replicas": node["min_workers"],
                        "minReplicas": node["min_workers"],
                        "maxReplicas": node["max_workers"],
                        "rayStartParams": {},
                        "template": pod("ray-worker", node["resources"], {"serve": 8000}),
                    }
                    for name, node in workers.items()
                ],
            },
        },
    }


def text() -> str:
    return HEAD + yaml.dump(manifest(), Dumper=_Dumper, sort_keys=False, width=110)


if __name__ == "__main__":
    MANIFEST.parent.mkdir(exist_ok=True)
    MANIFEST.write_text(text(), encoding="utf-8")
    print(MANIFEST.relative_to(ROOT))
