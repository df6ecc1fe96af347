"""Views of the list of calls under a name."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError

from callytics.store import views
from callytics.store.marks import removes
from callytics.store.transactions import Transactions
from callytics.store.views import ViewRecord


class ViewMethods(Transactions):
    def list_views(self, tenant: str, owner: str) -> tuple[ViewRecord, ...]:
        """Views of the list of calls: the owner's, and those that others of the tenant share."""
        with self._read() as session:
            return views.visible(session, tenant, owner)

    def save_view(
        self, tenant: str, owner: str, name: str, query: Mapping[str, str], is_shared: bool
    ) -> ViewRecord:
        """Make a view, or replace the owner's of this name (see views.save)."""

        def save() -> ViewRecord:
            with self._write() as session:
                return views.save(session, tenant, owner, name, query, is_shared, self._now_ms())

        try:
            return save()
        except IntegrityError:  # made by another request at the same moment
            return save()

    @removes
    def delete_view(self, tenant: str, view_id: str, actor: str, may_remove_shared: bool) -> None:
        """Delete a view (see views.remove)."""
        with self._write() as session:
            views.remove(session, tenant, view_id, actor, may_remove_shared, self._now_ms())
