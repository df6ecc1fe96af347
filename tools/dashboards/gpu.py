"""Which stages share a GPU, and how busy it is."""

from __future__ import annotations

from tools.dashboards.panels import graph
from tools.dashboards.queries import BATCH_FILL, BATCH_PIECES, OF_GPU, by_application, mean

GPU = (
    graph(
        "Load",
        "percent",
        "How busy each GPU is, as its driver says.",
        ("ray_node_gpus_utilization", OF_GPU),
        maximum=100,
    ),
    graph(
        "Memory in use",
        "bytes",
        "Memory of each GPU that all programs on it hold.",
        ("ray_node_gram_used * 1024 * 1024", OF_GPU),
    ),
    graph(
        "Share that Ray has given away",
        "percentunit",
        "num_gpus of the replicas that run, against the GPUs that Ray has. At 1 the next replica waits.",
        (
            'sum(ray_resources{Name="GPU",State="USED"}) / sum(ray_resources{Name="GPU"})',
            "given away",
        ),
        maximum=1,
    ),
    graph(
        "Memory that is free",
        "bytes",
        "Memory of each GPU that no program holds.",
        ("ray_node_gram_available * 1024 * 1024", OF_GPU),
    ),
    graph(
        "Load by application",
        "percent",
        "Which replicas keep the GPU busy, where its driver tells processes apart.",
        (by_application("ray_component_gpu_percentage"), "{{application}}"),
        stacked=True,
    ),
    graph(
        "Memory by application",
        "bytes",
        "Which replicas hold the memory.",
        (f"{by_application('ray_component_gpu_memory_mb')} * 1024 * 1024", "{{application}}"),
        stacked=True,
    ),
    graph(
        "Power",
        "watt",
        "Power that each GPU draws.",
        ("ray_node_gpu_power_milliwatts / 1000", OF_GPU),
    ),
    graph(
        "Calls that wait",
        "short",
        "Beside the load: a GPU that idles while calls wait is an alert.",
        ('max(ray_callytics_queue_calls{status="QUEUED"})', "queued"),
    ),
    graph(
        "Pieces per batch",
        "short",
        "Windows, turns or sentences that an engine computes at once, on average. The more, the less of the GPU idles.",
        (mean(BATCH_PIECES, "version, pieces"), "{{version}} {{pieces}}"),
    ),
    graph(
        "How full the batches are",
        "percentunit",
        "Pieces per batch against batch_size. Near 1 while calls wait: a larger batch_size may be worth its memory.",
        (mean(BATCH_FILL, "version, pieces"), "{{version}} {{pieces}}"),
        maximum=1,
    ),
)
