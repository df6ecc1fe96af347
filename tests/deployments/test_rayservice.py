"""kubernetes/rayservice.yaml: made by tools/make_rayservice.py, in step with its sources, shaped as KubeRay wants it.

KubeRay's CRD is in no registry, so its shape is told here: the fields of RayServiceSpec and RayClusterSpec of
https://docs.ray.io/en/latest/cluster/kubernetes/references/api.html that a manifest of ours may use, and no others.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from ray.dashboard import http_server_agent
from ray.serve.schema import ServeDeploySchema

from callytics.api.paths import PUBLIC

PROJECT = Path(__file__).resolve().parents[2]
MANIFEST = PROJECT / "kubernetes" / "rayservice.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
GRAPH: dict[str, Any] = yaml.safe_load((PROJECT / "serve_config.yaml").read_text(encoding="utf-8"))


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
START_PARAMETERS = {"type": "object", "additionalProperties": TEXT}  # numbers too are strings
POD = closed({"metadata": {"type": "object"}, "spec": {"type": "object", "required": ["containers"]}}, "spec")
CREDENTIAL = closed(
    {
        "value": TEXT,
        "valueFrom": closed({"secretKeyRef": closed({"name": TEXT, "key": TEXT}, "name", "key")}),
    }
)
WORKERS = closed(
    {
        "groupName": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
        "replicas": COUNT,
        "minReplicas": COUNT,
        "maxReplicas": COUNT,
        "idleTimeoutSeconds": COUNT,
        "rayStartParams": START_PARAMETERS,
        "template": POD,
    },
    "groupName",
    "minReplicas",
    "maxReplicas",
    "rayStartParams",
    "template",
)
CLUSTER = closed(
    {
        "rayVersion": TEXT,
        "authOptions": closed({"mode": {"enum": ["disabled", "token"]}, "secretName": TEXT}),
        "enableInTreeAutoscaling": {"type": "boolean"},
        "gcsFaultToleranceOptions": closed(
            {
                "redisAddress": TEXT,
                "redisUsername": CREDENTIAL,
                "redisPassword": CREDENTIAL,
                "externalStorageNamespace": TEXT,
            },
            "redisAddress",
        ),
        "autoscalerOptions": closed({"idleTimeoutSeconds": COUNT, "upscalingMode": TEXT}),
        "headGroupSpec": closed(
            {
                "serviceType": {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
                "rayStartParams": START_PARAMETERS,
                "template": POD,
            },
            "rayStartParams",
            "template",
        ),
        "workerGroupSpecs": {"type": "array", "items": WORKERS, "minItems": 1},
    },
    "headGroupSpec",
)
RAY_SERVICE = closed(
    {
        "apiVersion": {"const": "ray.io/v1"},
        "kind": {"const": "RayService"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": closed(
            {"serveConfigV2": TEXT, "rayClusterConfig": CLUSTER}, "serveConfigV2", "rayClusterConfig"
        ),
    },
    "apiVersion",
    "kind",
    "metadata",
    "spec",
)


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_rayservice", PROJECT / "tools" / "make_rayservice.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pods() -> list[dict[str, Any]]:
    cluster = DOCUMENT["spec"]["rayClusterConfig"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


def test_it_is_what_the_generator_makes_today(generator: ModuleType) -> None:
    assert MANIFEST.read_text(encoding="utf-8") == generator.text(), "run tools/make_rayservice.py"


def test_it_has_the_shape_of_a_ray_service() -> None:
    jsonschema.validate(DOCUMENT, RAY_SERVICE)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(DOCUMENT | {"spec": {**DOCUMENT["spec"], "serveConfig": ""}}, RAY_SERVICE)


def test_the_graph_is_that_of_serve_config_but_for_where_it_listens() -> None:
    graph = yaml.safe_load(DOCUMENT["spec"]["serveConfigV2"])
    ServeDeploySchema.model_validate(graph)
    assert graph["applications"] == GRAPH["applications"]
    assert graph["proxy_location"] == "EveryNode"
    assert graph["http_options"] == GRAPH["http_options"] | {"host": "0.0.0.0"}


def test_the_pods_that_are_always_there_hold_the_graph() -> None:
    requests = [pod["containers"][0]["resources"]["requests"] for pod in pods()]
    assert all(
        pod["containers"][0]["resources"]["limits"] == r for pod, r in zip(pods(), requests, strict=True)
    )
    needed = 0.0
    for app in GRAPH["applications"]:
        (deployment,) = app["deployments"]
        scaling = deployment.get("autoscaling_config") or {"min_replicas": deployment.get("num_replicas")}
        needed += scaling["min_replicas"] * deployment["ray_actor_options"]["num_cpus"]
    assert needed <= sum(int(request["cpu"]) for request in requests[1:]), "the head takes no replica"
    assert [request.get("nvidia.com/gpu") for request in requests] == [None, None, "1"]


def test_no_service_is_open_no_pod_is_root_no_secret_is_in_it() -> None:
    cluster = DOCUMENT["spec"]["rayClusterConfig"]
    assert cluster["headGroupSpec"]["serviceType"] == "ClusterIP"
    assert cluster["authOptions"] == {"mode": "token"}
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["envFrom"] == [{"secretRef": {"name": "callytics"}}]
        assert not {"DATABASE_URL", "HF_TOKEN", "OPENAI_API_KEY"} & {e["name"] for e in container["env"]}


def test_the_tables_of_the_head_outlive_it() -> None:
    """Fields of KubeRay's GcsFaultToleranceOptions (1.3 or newer): with them it sets RAY_REDIS_ADDRESS and the password
    for the head, and 600 s of patience for the workers. The namespace in Redis stays the cluster's own UID: of two
    clusters in an upgrade the second would take up the actors of the first."""
    cluster = DOCUMENT["spec"]["rayClusterConfig"]
    options = cluster["gcsFaultToleranceOptions"]
    assert options["redisAddress"] == "callytics-redis:6379"
    assert set(options["redisPassword"]) == {"valueFrom"}, "a password in the manifest"
    (reference,) = options["redisPassword"]["valueFrom"].values()
    mounted = [source["secretRef"]["name"] for pod in pods() for source in pod["containers"][0]["envFrom"]]
    assert reference["name"] not in mounted, "the password of Redis would be in every stage's environment"
    assert "externalStorageNamespace" not in options
    names = {variable["name"] for pod in pods() for variable in pod["containers"][0]["env"]}
    assert not names & {"RAY_REDIS_ADDRESS", "REDIS_PASSWORD", "RAY_gcs_rpc_server_reconnect_timeout_s"}
    assert "redis-password" not in cluster["headGroupSpec"]["rayStartParams"]


def test_the_head_has_no_replica_to_lose() -> None:
    """The container of a head whose GCS died is started again, and what ran in it is gone."""
    cluster = DOCUMENT["spec"]["rayClusterConfig"]
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    for group in cluster["workerGroupSpecs"]:
        assert "num-cpus" not in group["rayStartParams"]


def test_stage_that_restarts_makes_workers_not_ready_and_no_pod_dead() -> None:
    head, *workers = (pod["containers"][0] for pod in pods())
    for container in (head, *workers):
        alive = container["livenessProbe"]["exec"]["command"][-1]
        assert "/api/local_raylet_healthz" in alive
        assert ":8000" not in alive
    for container in workers:
        ready = container["readinessProbe"]["exec"]["command"][-1]
        assert ready.endswith("http://localhost:8000/readyz")
        assert "http://localhost:8000/-/healthz && " in ready  # a proxy that drains
    # KubeRay submits the graph to a head that is ready: it cannot wait for the graph.
    assert ":8000" not in head["readinessProbe"]["exec"]["command"][-1]


def test_probes_are_public_paths_of_ray_and_of_the_gateway() -> None:
    asked = {
        urlsplit(word).path
        for pod in pods()
        for kind in ("livenessProbe", "readinessProbe")
        for word in pod["containers"][0][kind]["exec"]["command"][-1].split()
        if word.startswith("http://")
    }
    assert asked == {"/api/local_raylet_healthz", "/api/gcs_healthz", "/-/healthz", "/readyz"}
    assert "/api/local_raylet_healthz" in http_server_agent.PUBLIC_EXACT_PATHS
    assert "/readyz" in PUBLIC


def test_probe_ends_within_its_time() -> None:
    for pod in pods():
        for kind in ("livenessProbe", "readinessProbe"):
            probe = pod["containers"][0][kind]
            words = probe["exec"]["command"][-1].split()
            waits_s = [int(words[at + 1]) for at, word in enumerate(words) if word == "-T"]
            assert 0 < sum(waits_s) <= probe["timeoutSeconds"]


def test_ray_is_the_one_of_the_image() -> None:
    dockerfile = (PROJECT / "kubernetes" / "Dockerfile").read_text(encoding="utf-8")
    assert f"FROM rayproject/ray:{DOCUMENT['spec']['rayClusterConfig']['rayVersion']}-py311\n" in dockerfile
