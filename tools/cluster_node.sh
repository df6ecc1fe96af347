#!/bin/sh
# One node of a cluster: what cluster.yaml runs on each.
#
#   tools/cluster_node.sh setup      packages, and the pinned environments of serve_config.yaml that can run here:
#                                    without those of GPU stages on a node without a card (CALLYTICS_ENVIRONMENTS=all)
#   tools/cluster_node.sh head       start Ray's head, with the autoscaler
#   tools/cluster_node.sh worker     join the head at $RAY_HEAD_IP
#   tools/cluster_node.sh deploy     on the head: fetch the weights, then make the running graph that of
#                                    serve_config.yaml; waits for the nodes that the autoscaler brings
#
# $CALLYTICS_ENV names a file of assignments (DATABASE_URL, HF_TOKEN, OPENAI_API_KEY ...) that every process gets.
# RAY_REDIS_ADDRESS and REDIS_PASSWORD there: the head keeps its tables in that Redis, and goes on when its GCS dies.
# $CALLYTICS_SHARED is a folder that all nodes share: recordings and weights lie there, environments on each node.
set -eu
cd "$(dirname "$0")/.."

if [ -n "${CALLYTICS_ENV:-}" ]; then
    set -a
    . "$CALLYTICS_ENV"
    set +a
fi
export CALLYTICS_HOME="${CALLYTICS_HOME:-$PWD/.callytics}"
if [ -n "${CALLYTICS_SHARED:-}" ]; then
    mkdir -p "$CALLYTICS_HOME" "$CALLYTICS_SHARED/blobs" "$CALLYTICS_SHARED/models"
    ln -sfn "$CALLYTICS_SHARED/blobs" "$CALLYTICS_HOME/blobs"
    export CALLYTICS_MODELS="$CALLYTICS_SHARED/models" HF_HOME="$CALLYTICS_SHARED/huggingface"
fi
# Without the token of ~/.ray/auth_token nobody may run code here, inside the cluster's network or not.
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
# As deployments/operations/head.py: Ray would keep 512 MB per file, and five older ones.
export RAY_ROTATION_MAX_BYTES=20000000 RAY_ROTATION_BACKUP_COUNT=2
# Serve's proxy answers problem+json, and obeys no header of a client (deployments/operations/edge.py).
export RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH=deployments.operations.edge:middlewares
export PATH="$CALLYTICS_HOME/bin:$PWD/.venv/bin:$PATH" PYTHONPATH="$PWD"
ray="$CALLYTICS_HOME/envs/cpu/base/bin/python -m ray.scripts.scripts"
redis_address="${RAY_REDIS_ADDRESS:-}" redis_username="${REDIS_USERNAME:-}" redis_password="${REDIS_PASSWORD:-}"
unset RAY_REDIS_ADDRESS REDIS_USERNAME REDIS_PASSWORD  # no stage needs them: they are for the head's GCS
if [ -n "$redis_address" ]; then
    # How long a raylet waits for a GCS that is away before it ends itself and its replicas; as KubeRay sets it.
    export RAY_gcs_rpc_server_reconnect_timeout_s=600
fi

case "${1:-}" in
setup)
    tools/setup.sh
    .venv/bin/python -m deployments.operations.environments_command serve_config.yaml \
        --for "${CALLYTICS_ENVIRONMENTS:-node}"
    ;;
head)
    ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"
    $ray stop
    set --
    if [ -n "$redis_address" ]; then
        export RAY_external_storage_namespace="${RAY_external_storage_namespace:-callytics}"
        set -- --redis-username="$redis_username" --redis-password="$redis_password"
    fi
    ${redis_address:+env RAY_REDIS_ADDRESS="$redis_address"} \
        $ray start --head --port=6379 --dashboard-host=127.0.0.1 --dashboard-port=8265 --disable-usage-stats \
        --autoscaling-config="${RAY_AUTOSCALING_CONFIG:-$HOME/ray_bootstrap_config.yaml}" "$@"
    if [ -n "$redis_address" ]; then
        # One at a time: that of an earlier start ends by itself, or goes on with this head.
        nohup setsid flock "$CALLYTICS_HOME/gcs-keeper.lock" .venv/bin/python -m deployments.operations.gcs_keeper \
            >>"$CALLYTICS_HOME/gcs-keeper.log" 2>&1 </dev/null &
    fi
    ;;
worker)
    ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"
    $ray stop
    $ray start --address="$RAY_HEAD_IP:6379" --disable-usage-stats
    ;;
deploy)
    dashboard="${CALLYTICS_DASHBOARD:-http://127.0.0.1:8265}"
    # Into the folder that all nodes share. Without a limit of time, and before a replica waits for gigabytes.
    .venv/bin/callytics models pull --for serve_config.yaml
    # `ray start` returns before its dashboard answers.
    .venv/bin/python -m deployments.operations.serve_api "$dashboard"
    # A GPU node is a new machine: it boots, pulls an image and builds environments before it takes a replica.
    exec .venv/bin/callytics deploy serve_config.yaml --dashboard "$dashboard" --yes \
        --timeout "${CALLYTICS_DEPLOY_TIMEOUT_S:-3600}"
    ;;
*)
    sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
