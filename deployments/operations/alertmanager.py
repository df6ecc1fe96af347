"""The configuration of Alertmanager: observability/alertmanager.yml, with the address and key of a graph, and with the
receivers that the environment names. Alertmanager reads no environment, so the file is written anew at each start.

A secret stands either in a variable, and then in the file that is written (private), or in a file of its own that a
variable ending in _FILE names; Alertmanager reads that one itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from callytics.errors import ConfigError
from callytics.home.resources import project_file

TEMPLATE = "observability/alertmanager.yml"
PREFIX = "CALLYTICS_ALERT_"

VARIABLES: Mapping[str, str] = {
    "SLACK_URL": "Incoming webhook of Slack; or SLACK_URL_FILE, a file that holds it",
    "SLACK_CHANNEL": "Channel, where it is not the one of the incoming webhook",
    "EMAIL_TO": "Addresses, separated by commas; needs EMAIL_FROM and SMTP",
    "EMAIL_FROM": "Address of the sender",
    "SMTP": "host:port of the mail server; STARTTLS is required",
    "SMTP_USERNAME": "Where the mail server wants one",
    "SMTP_PASSWORD": "Of that user; or SMTP_PASSWORD_FILE, a file that holds it",
    "WEBHOOK_URL": "Any other receiver of Alertmanager's webhooks",
    "WEBHOOK_KEY_FILE": "File with the Bearer token that WEBHOOK_URL wants",
}

TEXT = (
    "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "{{ .Annotations.runbook_url }}\n{{ end }}"
)
"""Text of a message in Slack, in Alertmanager's template language."""

Config = dict[str, Any]


def render_alertmanager(
    environment: Mapping[str, str], gateway_url: str, key_file: Path, template: Path | None = None
) -> str:
    """The configuration as YAML. Write it to a private file: it may hold secrets.

    Args:
        gateway_url: for instance "http://127.0.0.1:8000".
        key_file: holds a key with the scope alerts:write.
        template: default the observability/alertmanager.yml that comes with Callytics.

    Raises:
        ConfigError: ``alert_receiver_incomplete``, ``alert_receiver_ambiguous``, ``alert_variable_unknown``.
    """
    config: Config = yaml.safe_load((template or project_file(TEMPLATE)).read_text(encoding="utf-8"))
    given = {
        name.removeprefix(PREFIX): value.strip()
        for name, value in environment.items()
        if name.startswith(PREFIX) and value.strip()
    }
    known = {*VARIABLES, "SLACK_URL_FILE", "SMTP_PASSWORD_FILE"}
    if unknown := sorted(given.keys() - known):
        raise ConfigError(
            "alert_variable_unknown",
            f"{PREFIX}{unknown[0]} names no receiver. There are: "
            + ", ".join(f"{PREFIX}{name}" for name in sorted(known)),
        )
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    (gateway,) = receivers["gateway"]["webhook_configs"]
    gateway["url"] = f"{gateway_url.rstrip('/')}/v1/alerts"
    gateway["http_config"]["authorization"]["credentials_file"] = str(key_file.absolute())
    people = _slack(given) | _email(given) | _webhook(given)
    for severity in ("page", "ticket"):
        receivers[severity] |= people
    return yaml.dump(config, Dumper=_NoAliases, sort_keys=False, allow_unicode=True)


class _NoAliases(yaml.SafeDumper):
    """The same receivers twice, written out: the file is read by people."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _slack(given: Mapping[str, str]) -> Config:
    url = _secret(given, "SLACK_URL", "api_url")
    if not url:
        return _none_of(given, "SLACK_CHANNEL", needs="SLACK_URL")
    slack = {**url, "send_resolved": True, "text": TEXT}
    if "SLACK_CHANNEL" in given:
        slack["channel"] = given["SLACK_CHANNEL"]
    return {"slack_configs": [slack]}


def _email(given: Mapping[str, str]) -> Config:
    if "EMAIL_TO" not in given:
        others = ("EMAIL_FROM", "SMTP", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE")
        return _none_of(given, *others, needs="EMAIL_TO")
    for name in ("EMAIL_FROM", "SMTP"):
        if name not in given:
            raise _incomplete("EMAIL_TO", name)
    password = _secret(given, "SMTP_PASSWORD", "auth_password")
    if bool(password) != ("SMTP_USERNAME" in given):
        given_one, other = (
            ("SMTP_PASSWORD", "SMTP_USERNAME") if password else ("SMTP_USERNAME", "SMTP_PASSWORD")
        )
        raise _incomplete(given_one, other)
    email: Config = {
        "to": given["EMAIL_TO"],
        "from": given["EMAIL_FROM"],
        "smarthost": given["SMTP"],
        "send_resolved": True,
    }
    if password:
        email |= {"auth_username": given["SMTP_USERNAME"], **password}
    return {"email_configs": [email]}


def _webhook(given: Mapping[str, str]) -> Config:
    if "WEBHOOK_URL" not in given:
        return _none_of(given, "WEBHOOK_KEY_FILE", needs="WEBHOOK_URL")
    webhook: Config = {"url": given["WEBHOOK_URL"], "send_resolved": True}
    if "WEBHOOK_KEY_FILE" in given:
        webhook["http_config"] = {"authorization": {"credentials_file": given["WEBHOOK_KEY_FILE"]}}
    return {"webhook_configs": [webhook]}


def _secret(given: Mapping[str, str], name: str, option: str) -> Config:
    """As an option of Alertmanager: the secret, or the file that holds it; empty where neither is given."""
    if name in given and f"{name}_FILE" in given:
        raise ConfigError(
            "alert_receiver_ambiguous", f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set: unset one."
        )
    if name in given:
        return {option: given[name]}
    return {f"{option}_file": given[f"{name}_FILE"]} if f"{name}_FILE" in given else {}


def _none_of(given: Mapping[str, str], *names: str, needs: str) -> Config:
    for name in names:
        if name in given:
            raise _incomplete(name, needs)
    return {}


def _incomplete(name: str, needs: str) -> ConfigError:
    return ConfigError(
        "alert_receiver_incomplete",
        f"{PREFIX}{name} is set and {PREFIX}{needs} is not: no alert would arrive there. Set both or neither.",
    )
