"""Change what runs, stage by stage, without losing a request: plan, apply, wait, and go back where it fails.

Serve replaces a replica only when its successor is healthy (``max_surge_percent: 100`` in the configuration), so a
stage that cannot start leaves the old one serving. Serve would leave it at that: half new, half old, and tried again
at every crash. `deploy` goes back to what ran before.

What it cannot take back is code: a replica of the old configuration that is started anew reads the source files as
they are then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from callytics.errors import CallyticsError, ConfigError
from callytics.home import graphs as local_graphs
from callytics.home import resources
from deployments.operations import local, runs, serve_file
from deployments.operations.code_revision import SourceTree
from deployments.operations.config_changes import Change, Difference, Effect, changes, fixed_options
from deployments.operations.config_check import check_arguments, check_document
from deployments.operations.environments import (
    build_environments,
    environment_names,
    exact_name,
    named_environments,
    node_has_cards,
)
from deployments.operations.head import LocalGraphError
from deployments.operations.lock import Lock, make_lock
from deployments.operations.preparation import prepared
from deployments.operations.serve_api import Progress, ServeApi, await_healthy

ROLLBACK_TIMEOUT_S = 600.0
"""Old replicas serve while Serve builds their applications again: patience costs nothing here, giving up does."""


@dataclass(frozen=True)
class Plan:
    """
    Attributes:
        dashboard_url: of the graph that is changed.
        run: the local graph; None: that of a cluster.
        config: the file.
        before: the Serve configuration that runs, to go back to.
        after: the one to deploy.
        changes: one for every application that is touched; none: what runs is what would run.
        fixed: options that differ, but that Serve keeps as they were when it started.
        environments: names of those that the changed applications use.
        pins_folder: where their pins are.
        lock: what the file should say of code and pins.
    """

    dashboard_url: str
    run: runs.Run | None
    config: Path
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changes: tuple[Change, ...]
    fixed: tuple[Difference, ...]
    environments: tuple[str, ...]
    pins_folder: Path
    lock: Lock

    @property
    def serve(self) -> ServeApi:
        return ServeApi(self.dashboard_url, self.run.token_path if self.run else "")

    @property
    def removed(self) -> list[str]:
        return [change.application for change in self.changes if change.effect is Effect.REMOVED]


def make_plan(
    config: Path,
    *,
    only: str | None = None,
    home: Path | None = None,
    dashboard_url: str | None = None,
    pins_folder: Path | None = None,
) -> Plan:
    """What `deploy` would do; nothing is built or changed.

    Args:
        config: a Serve config file.
        only: the name of one application; all others stay as they run, whatever the file says of them.
        dashboard_url: of a cluster's head; default: the graph that `callytics up` started.
        pins_folder: default: beside ``config``, else those that come with Callytics.

    Raises:
        ConfigError: the file is missing or wrong, or names what is not there.
        LocalGraphError: ``not_running``.
    """
    home = local.home_folder(home)
    document = serve_file.read_config(config)
    pins_folder = pins_folder or resources.pins_folder(config)
    run = None
    if dashboard_url is None:
        run = runs.running(home)
        if run is None:
            raise LocalGraphError(
                "not_running", f"No graph runs from {home}. {local_graphs.where_one_runs(home)}"
            )
        dashboard_url = run.dashboard_url
    sources = local.sources(run) if run else SourceTree([local.PROJECT])
    check_document(document, sources)
    before = ServeApi(dashboard_url, run.token_path if run else "").document()
    if run is not None:
        document["http_options"]["port"] = run.http_port  # `up` may have chosen another than the file's
    target = _only(only, document, before, config) if only else document["applications"]
    named = [application for application in target if only in (None, application["name"])]
    ready = prepared({**document, "applications": named}, pins_folder, sources)["applications"]
    exact = {application["name"]: application for application in ready}
    after = {**document, "applications": [exact.get(app["name"], app) for app in target]}
    found = changes(_by_name(before), _by_name(after), home, pins_folder)
    touched = {change.application for change in found if change.effect is not Effect.REMOVED}
    check_arguments([exact[name] for name in exact if name in touched], sources)
    used = environment_names({"applications": [app for app in named if app["name"] in touched]})
    fixed = fixed_options(before, document)
    lock = make_lock(config, sources, pins_folder=pins_folder, only=only)
    return Plan(
        dashboard_url, run, config.absolute(), before, after, found, fixed, tuple(used), pins_folder, lock
    )


def _only(
    name: str, document: Mapping[str, Any], before: Mapping[str, Any], config: Path
) -> list[dict[str, Any]]:
    """The applications that run, with that one taken from the file."""
    wanted = _by_name(document).get(name)
    if wanted is None:
        names = ", ".join(_by_name(document))
        raise ConfigError("application_unknown", f"{config} has no application {name}; it has {names}.")
    return list((_by_name(before) | {name: wanted}).values())


def _by_name(document: Mapping[str, Any]) -> dict[str, Any]:
    return {application["name"]: application for application in document["applications"]}


def apply_plan(plan: Plan, *, home: Path | None = None, progress: Progress, timeout_s: float = 300.0) -> None:
    """Build the environments, deploy, wait until all is healthy; then remove what the file no longer has.

    Args:
        timeout_s: for the new replicas to become healthy.

    Raises:
        ConfigError: an environment could not be built, or Serve does not accept the configuration; what ran runs.
        LocalGraphError: ``changed_meanwhile``: what runs, or a pin file, is no longer what the plan saw;
            ``rolled_back``: the new replicas did not become healthy, what ran before runs again;
            ``rollback_failed``: and that did not become healthy either.
    """
    home = local.home_folder(home)
    api = plan.serve
    with local.locked(home, progress):
        if api.document()["applications"] != plan.before["applications"]:
            raise LocalGraphError(
                "changed_meanwhile",
                "Someone else has changed what runs since the plan was made. Run it again.",
            )
        _build(plan, home, progress)
        healthy_before = [state.name for state in api.applications() if state.healthy]
        names = list(_by_name(plan.after))
        api.deploy(_with_removed(plan))
        try:
            await_healthy(api, names, progress, timeout_s)
        except LocalGraphError as error:
            _roll_back(plan, api, healthy_before, error, progress, timeout_s)
        if plan.removed:
            api.deploy(plan.after)
            _await_gone(api, plan.removed, progress, timeout_s)
        if plan.run is not None and set(_by_name(serve_file.read_config(plan.config))) == set(names):
            runs.save(home, replace(plan.run, config=str(plan.config)))


def _build(plan: Plan, home: Path, progress: Progress) -> None:
    touched = {change.application for change in plan.changes}
    applications = [app for app in plan.after["applications"] if app["name"] in touched]
    names = list(plan.environments)
    if (
        plan.run is None and not node_has_cards()
    ):  # the head of a cluster: no stage that needs a card runs here
        names = [name for name in environment_names({"applications": applications}, False) if name in names]
    progress("environments", "checking", ", ".join(names))
    build_environments(names, plan.pins_folder, home)
    progress("environments", "ready", "")
    built = {exact_name(name, plan.pins_folder) for name in plan.environments}
    asked = (name.partition("@") for name in named_environments({"applications": applications}))
    if not {f"{name}@{version.rpartition('.')[2]}" for name, _, version in asked} <= built:
        raise LocalGraphError(
            "changed_meanwhile", "A pin file was edited after the plan was made. Run it again."
        )


def _with_removed(plan: Plan) -> dict[str, Any]:
    """The new configuration and, until it is healthy, what it no longer has, unless both want the same address."""
    routes = {application.get("route_prefix") for application in plan.after["applications"]} - {None}
    kept = [
        application
        for application in plan.before["applications"]
        if application["name"] in plan.removed and application.get("route_prefix") not in routes
    ]
    return {**plan.after, "applications": [*plan.after["applications"], *kept]}


def _roll_back(
    plan: Plan,
    api: ServeApi,
    healthy_before: list[str],
    error: CallyticsError,
    progress: Progress,
    timeout_s: float,
) -> None:
    progress("rollback", "starting", error.message)
    try:
        api.deploy(plan.before)
        await_healthy(api, healthy_before, progress, max(timeout_s, ROLLBACK_TIMEOUT_S))
    except CallyticsError as second:
        raise LocalGraphError(
            "rollback_failed",
            f"{error.message} And what ran before does not become healthy again: {second.message}",
        ) from second
    progress("rollback", "ready", "")
    raise LocalGraphError("rolled_back", f"{error.message} What ran before runs again.") from error


def _await_gone(api: ServeApi, names: list[str], progress: Progress, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    left = set(names)
    while left and time.monotonic() < deadline:
        found = {state.name for state in api.applications()}
        for name in left - found:
            progress(name, "removed", "")
        left &= found
        time.sleep(0.25)
