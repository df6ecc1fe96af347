"""What lies outside of the machine: weights on a hub and their token, the language model's endpoint, the database."""

from __future__ import annotations

import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from callytics.config import stage_block
from callytics.errors import CallyticsError, WeightsError
from callytics.weights import manifest, prefetch
from callytics.weights.needed import Needed, Place
from deployments.operations.doctor.findings import Finding, Verdict, fail, ok, warn

ENDPOINT_TIMEOUT_S = 3.0
ANALYZER = "llm-analyzer"
WITHOUT_KEY = "without_key"


def weights(needs: Sequence[Needed]) -> tuple[list[Finding], float]:
    """Findings, and the bytes that are still to come in GB."""
    findings = []
    loose = [need for need in needs if not need.is_pinned]
    if loose:
        names = ", ".join(f"{need.name} ({need.application})" for need in loose)
        findings.append(
            warn(
                "revisions",
                f"not pinned: {names}. Another day may bring other weights",
                "Give `revision` a commit of 40 digits from the model's page on the hub",
            )
        )
    try:
        missing = prefetch.missing(needs)
        fetches = prefetch.plan(missing)
    except WeightsError as error:
        what, _, remedy = error.message.partition(" Set HF_ENDPOINT")
        remedy = f"Set HF_ENDPOINT{remedy}" if remedy else "See the message"
        return [*findings, fail("weights", what, remedy)], 0.0
    known = [manifest.get_model(need.name).size for need in missing if need.place is Place.MANIFEST]
    to_come_gb = (sum(fetch.total_bytes for fetch in fetches) + sum(known)) / 1e9
    if not missing:
        findings.insert(0, ok("weights", f"all {len(needs)} models of the stages are here"))
    else:
        names = ", ".join(need.name for need in missing)
        findings.insert(
            0,
            warn(
                "weights",
                f"not here yet: {names} ({to_come_gb:.1f} GB)",
                "`callytics up` fetches them before it starts anything; beforehand: callytics models pull --for FILE",
            ),
        )
    return findings, to_come_gb


def hub_token(needs: Sequence[Needed]) -> Finding:
    gated = [need for need in needs if need.is_gated]
    if not gated:
        return ok("HF_TOKEN", "not needed: no gated model is used")
    absent = [need for need in gated if not need.is_here()]
    names = ", ".join(dict.fromkeys(need.name for need in gated))
    if not absent:
        return ok("HF_TOKEN", f"not needed any more: {names} is here")
    if os.environ.get("HF_TOKEN"):
        return ok("HF_TOKEN", f"set; {names} is gated")
    return fail(
        "HF_TOKEN",
        f"not set, and {names} is gated",
        f"Accept the conditions at https://huggingface.co/{absent[0].name} once, make a token there that reads, and "
        "export HF_TOKEN",
    )


def language_model(document: Mapping[str, Any]) -> Iterator[Finding]:
    """The key and the endpoint of llm-analyzer, where it speaks to one outside of the graph."""
    analyzer = stage_block(document, ANALYZER)
    options = (analyzer.args.get("options") or {}) if analyzer else {}
    url = options.get("base_url")
    if not url:
        yield ok("language model", "no endpoint outside of the graph is configured")
        return
    variable = options.get("api_key_variable", "OPENAI_API_KEY")
    key = os.environ.get(variable, "").strip() if variable else ""
    if variable and not key:
        remedy = f"export {variable}=..., or `callytics up --llm local` for a model in the graph"
        if options.get(WITHOUT_KEY):
            yield warn(
                "language model", f"{variable} is not set: {ANALYZER} starts and is extractive", remedy
            )
        else:
            yield fail("language model", f"{variable} is not set: {ANALYZER} does not start", remedy)
        return
    yield _endpoint(str(url), key)


def _endpoint(url: str, key: str) -> Finding:
    """Its list of models: every server with OpenAI's API has one, and to read it costs nothing."""
    host = urlsplit(url).netloc
    if urlsplit(url).scheme not in ("http", "https"):
        return fail(
            "language model", f"base_url {url!r} is no http(s) address", "Correct it in the Serve file"
        )
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{url.rstrip('/')}/models", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=ENDPOINT_TIMEOUT_S):
            return ok("language model", f"{host} answers{' and takes the key' if key else ''}")
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return fail(
                "language model", f"{host} does not accept the key ({error.code})", "Set a key that is valid"
            )
        return ok("language model", f"{host} answers ({error.code} for its list of models)")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return fail(
            "language model",
            f"{host} cannot be reached ({reason}); calls would end PARTIAL, without a summary",
            "Open the way to it (HTTPS_PROXY, firewall), or `callytics up --llm local` for a model in the graph",
        )


def database(needs_server: bool) -> Finding:
    """
    Args:
        needs_server: the graph is meant for more than one machine.
    """
    url = os.environ.get("DATABASE_URL", "")
    if not url or url.startswith("sqlite"):
        if needs_server:
            return warn(
                "database",
                "DATABASE_URL is not set: SQLite, for one machine only",
                "On a cluster: PostgreSQL",
            )
        return ok("database", "SQLite in the home folder")
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 5432), ENDPOINT_TIMEOUT_S):
            return ok("database", f"{parts.hostname} answers")
    except (OSError, ValueError) as error:
        return fail(
            "database", f"{parts.hostname} cannot be reached ({error})", "Start it, or correct DATABASE_URL"
        )


def guarded(check: str, error: CallyticsError) -> Finding:
    return Finding(check, Verdict.FAIL, error.message, "Correct it, and run this again")
