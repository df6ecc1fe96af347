"""What is rendered is a configuration that Alertmanager takes, for every combination of receivers."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from callytics.api.alerts import MAX_ALERTS
from callytics.errors import ConfigError
from deployments.operations.alertmanager import PREFIX, VARIABLES, render_alertmanager

URL = "http://127.0.0.1:8123"
SLACK = {"SLACK_URL": "https://hooks.slack.example/T/B/x"}
SLACK_FILE = {"SLACK_URL_FILE": "/run/secrets/slack", "SLACK_CHANNEL": "#calls"}
EMAIL = {"EMAIL_TO": "ops@example.org", "EMAIL_FROM": "calls@example.org", "SMTP": "mail.example.org:587"}
PASSWORD = EMAIL | {"SMTP_USERNAME": "calls", "SMTP_PASSWORD": "secret"}
PASSWORD_FILE = EMAIL | {"SMTP_USERNAME": "calls", "SMTP_PASSWORD_FILE": "/run/secrets/smtp"}
WEBHOOK = {"WEBHOOK_URL": "https://pager.example.org/x"}
WEBHOOK_KEY = WEBHOOK | {"WEBHOOK_KEY_FILE": "/run/secrets/pager"}
COMBINATIONS = list(
    itertools.product(
        ({}, SLACK, SLACK_FILE), ({}, EMAIL, PASSWORD, PASSWORD_FILE), ({}, WEBHOOK, WEBHOOK_KEY)
    )
)


def environment(*parts: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": "/bin", **{f"{PREFIX}{name}": value for part in parts for name, value in part.items()}}


def rendered(*parts: Mapping[str, str]) -> dict[str, Any]:
    text = render_alertmanager(environment(*parts), URL, Path("/home/key"))
    return {receiver["name"]: receiver for receiver in yaml.safe_load(text)["receivers"]}


def test_every_combination_of_receivers_is_taken_by_alertmanager(tmp_path: Path) -> None:
    if shutil.which("amtool") is None:
        pytest.skip("amtool is not installed (Debian: prometheus-alertmanager)")
    files = []
    for number, parts in enumerate(COMBINATIONS):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(render_alertmanager(environment(*parts), URL, tmp_path / "key"))
    done = subprocess.run(
        ["amtool", "check-config", *map(str, files)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(COMBINATIONS) == 36


@pytest.mark.parametrize(
    ("label", "receivers"),
    [
        ("severity=page", "gateway,page"),
        ("severity=ticket", "gateway,ticket"),
        ("alertname=Foreign", "gateway"),
    ],
)
def test_alert_is_routed_by_its_severity_and_always_to_the_gateway(
    label: str, receivers: str, tmp_path: Path
) -> None:
    if shutil.which("amtool") is None:
        pytest.skip("amtool is not installed (Debian: prometheus-alertmanager)")
    file = tmp_path / "alertmanager.yml"
    file.write_text(render_alertmanager({}, URL, tmp_path / "key"))
    command = ["amtool", "config", "routes", "test", f"--config.file={file}", label]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == receivers


@pytest.mark.parametrize("parts", COMBINATIONS)
def test_gateway_is_always_told_and_others_only_where_named(parts: tuple[Mapping[str, str], ...]) -> None:
    receivers = rendered(*parts)
    (gateway,) = receivers["gateway"]["webhook_configs"]
    assert gateway["url"] == f"{URL}/v1/alerts"
    assert gateway["http_config"] == {"authorization": {"credentials_file": "/home/key"}}
    named = zip(("slack_configs", "email_configs", "webhook_configs"), parts, strict=True)
    expected = {kind for kind, part in named if part}
    for severity in ("page", "ticket"):
        assert receivers[severity].keys() - {"name"} == expected


def test_secrets_in_files_are_not_copied() -> None:
    page = rendered(SLACK_FILE, PASSWORD_FILE, WEBHOOK_KEY)["page"]
    assert page["slack_configs"][0]["api_url_file"] == "/run/secrets/slack"
    assert page["slack_configs"][0]["channel"] == "#calls"
    assert page["email_configs"][0]["auth_password_file"] == "/run/secrets/smtp"
    assert page["webhook_configs"][0]["http_config"]["authorization"]["credentials_file"] == (
        "/run/secrets/pager"
    )


def test_empty_variable_is_none() -> None:
    assert rendered({"SLACK_URL": "", "EMAIL_TO": " "}) == rendered()


def test_gateway_takes_as_many_alerts_as_are_sent_at_once() -> None:
    assert rendered()["gateway"]["webhook_configs"][0]["max_alerts"] == MAX_ALERTS


@pytest.mark.parametrize(
    ("parts", "code", "named"),
    [
        ({"SLACK_CHANNEL": "#calls"}, "alert_receiver_incomplete", "SLACK_URL"),
        ({"EMAIL_TO": "a@example.org", "SMTP": "m:25"}, "alert_receiver_incomplete", "EMAIL_FROM"),
        ({"SMTP": "m:25"}, "alert_receiver_incomplete", "EMAIL_TO"),
        (EMAIL | {"SMTP_USERNAME": "x"}, "alert_receiver_incomplete", "SMTP_PASSWORD"),
        (EMAIL | {"SMTP_PASSWORD": "x"}, "alert_receiver_incomplete", "SMTP_USERNAME"),
        ({"WEBHOOK_KEY_FILE": "/k"}, "alert_receiver_incomplete", "WEBHOOK_URL"),
        (SLACK | SLACK_FILE, "alert_receiver_ambiguous", "SLACK_URL_FILE"),
        ({"SLACK": "x"}, "alert_variable_unknown", "SLACK_URL"),
    ],
)
def test_receiver_that_would_get_nothing_is_refused(parts: dict[str, str], code: str, named: str) -> None:
    with pytest.raises(ConfigError, match=f"{PREFIX}{named}") as caught:
        rendered(parts)
    assert caught.value.code == code


def test_every_variable_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert [name for name in VARIABLES if f"`{PREFIX}{name}`" not in text] == []
