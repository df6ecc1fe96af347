"""Webhooks and the delivery of their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from callytics.store import webhook_queue, webhooks
from callytics.store.marks import not_repeatable, removes
from callytics.store.transactions import Transactions
from callytics.store.webhook_queue import LeasedDelivery
from callytics.store.webhooks import DeliveryStatus, WebhookDelivery, WebhookEndpoint


class WebhookMethods(Transactions):
    @not_repeatable
    def create_webhook(
        self, tenant: str, url: str, event_types: Sequence[str], description: str = "", actor: str = ""
    ) -> WebhookEndpoint:
        """Create a webhook. Only this result contains the secret."""
        with self._write() as session:
            return webhooks.create(session, tenant, url, event_types, description, actor, self._now_ms())

    def list_webhooks(self, tenant: str) -> tuple[WebhookEndpoint, ...]:
        with self._read() as session:
            return webhooks.endpoints(session, tenant)

    def change_webhook(
        self, endpoint_id: str, tenant: str, changes: Mapping[str, Any], actor: str = ""
    ) -> WebhookEndpoint:
        """Change url, description, event_types or disabled."""
        with self._write() as session:
            return webhooks.change(session, endpoint_id, tenant, dict(changes), actor, self._now_ms())

    @removes
    def delete_webhook(self, endpoint_id: str, tenant: str, actor: str = "") -> None:
        with self._write() as session:
            webhooks.delete(session, endpoint_id, tenant, actor, self._now_ms())

    def list_deliveries(self, endpoint_id: str, tenant: str, limit: int = 50) -> tuple[WebhookDelivery, ...]:
        with self._write() as session:
            return webhooks.deliveries(session, endpoint_id, tenant, limit)

    def redeliver(self, endpoint_id: str, delivery_id: str, tenant: str, actor: str = "") -> WebhookDelivery:
        """Send a message again, now."""
        with self._write() as session:
            return webhooks.redeliver(session, endpoint_id, delivery_id, tenant, actor, self._now_ms())

    @not_repeatable
    def rotate_webhook_secret(self, endpoint_id: str, tenant: str, actor: str = "") -> WebhookEndpoint:
        """The webhook with a new secret; the previous one also signs for one day."""
        with self._write() as session:
            return webhooks.rotate_secret(session, endpoint_id, tenant, actor, self._now_ms())

    @not_repeatable
    def lease_deliveries(
        self, limit: int, seconds: float, share: int, at_work: Mapping[str, int]
    ) -> tuple[LeasedDelivery, ...]:
        """Lease due messages, to be sent within the given seconds (webhook_queue.lease)."""
        turn = (limit, share, at_work, self._now_ms())
        with self._read() as session:  # usually there is nothing to lease, and nothing to lock
            if not webhook_queue.in_turn(session, *turn):
                return ()
        with self._write() as session:
            return webhook_queue.lease(session, limit, seconds, share, at_work, self._now_ms())

    def finish_delivery(
        self, endpoint_id: str, delivery_id: str, token: str, status_code: int | None, error: str
    ) -> DeliveryStatus | None:
        """How the attempt went that was leased.

        Returns:
            What the message is now: PENDING where it will be tried again; None where the lease was over.
        """
        outcome = (endpoint_id, delivery_id, token, status_code, error)
        with self._write() as session:
            return webhook_queue.finish(session, *outcome, self._now_ms())

    @not_repeatable
    def start_webhook_test(
        self, endpoint_id: str, tenant: str, seconds: float, actor: str = ""
    ) -> LeasedDelivery:
        """A test message, which the caller sends within the given seconds."""
        with self._write() as session:
            return webhook_queue.start_test(session, endpoint_id, tenant, actor, seconds, self._now_ms())

    def finish_webhook_test(
        self, endpoint_id: str, delivery_id: str, token: str, status_code: int | None, error: str
    ) -> None:
        outcome = (endpoint_id, delivery_id, token, status_code, error)
        with self._write() as session:
            webhook_queue.finish_test(session, *outcome, self._now_ms())
