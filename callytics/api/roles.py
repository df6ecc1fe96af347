"""Roles: words of an issuer, and of people, for sets of scopes. docs/api.md has the same table."""

from __future__ import annotations

from collections.abc import Iterable

ROLES: dict[str, tuple[str, ...]] = {
    "reader": ("calls:read",),
    "editor": ("calls:read", "calls:write"),
    "operator": ("calls:delete", "calls:read", "calls:write", "metrics:read"),
    "admin": ("admin",),
}


def scopes_of_roles(roles: Iterable[object]) -> frozenset[str]:
    """What these roles may; words that are no roles grant nothing."""
    return frozenset(scope for role in roles if isinstance(role, str) for scope in ROLES.get(role, ()))
