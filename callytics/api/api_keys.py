"""/v1/api-keys, for keys with the scope admin."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callytics.api.auth import Admin
from callytics.api.errors import problem_responses
from callytics.api.schemas.fields import ShortText, StrictBody, Time
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.store import ApiKeyRecord, CallStore

router = APIRouter(route_class=StrictRoute, prefix="/v1/api-keys", tags=["api keys"])

Scope = Literal["calls:read", "calls:write", "calls:delete", "metrics:read", "alerts:write", "admin"]


class KeyLimits(StrictBody):
    """0: no limit."""

    requests_per_minute: int | None = Field(default=None, ge=0, le=1_000_000)
    concurrent_requests: int | None = Field(default=None, ge=0, le=10_000)


class NewApiKey(StrictBody):
    name: Annotated[ShortText, Field(min_length=1, examples=["crm import"])]
    scopes: list[Scope] = Field(min_length=1, max_length=6, examples=[["calls:read", "calls:write"]])
    expires_at: Annotated[Time, Field(strict=False)] | None = Field(
        default=None, description="From then on the key opens nothing; null: it does not expire"
    )
    limits: KeyLimits | None = Field(default=None, description="Where they differ from the service's")


class ApiKeyView(BaseModel):
    id: str
    name: str
    prefix: str = Field(examples=["cly_x3Vb7Q"])
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    tenant: str
    expires_at: datetime | None
    limits: dict[str, int]


class IssuedApiKeyView(ApiKeyView):
    secret: str = Field(description="Shown this once; only its SHA-256 is kept")


class ApiKeyList(BaseModel):
    api_keys: list[ApiKeyView]


@router.post(
    "", status_code=201, response_model=IssuedApiKeyView, responses=problem_responses(400, 401, 403, 422)
)
async def create_api_key(body: NewApiKey, services: ServicesDep, principal: Admin) -> IssuedApiKeyView:
    """Make a key. Its secret is in this answer and nowhere else."""
    issued = await services.store(
        CallStore.create_api_key,
        body.name,
        body.scopes,
        actor=principal.id,
        tenant=principal.tenant,
        expires_at_ms=round(body.expires_at.timestamp() * 1000) if body.expires_at else None,
        limits=body.limits.model_dump(exclude_none=True) if body.limits else None,
    )
    return IssuedApiKeyView(**_view(issued.key).model_dump(), secret=issued.secret)


@router.get("", response_model=ApiKeyList, responses=problem_responses(401, 403))
async def list_api_keys(services: ServicesDep, principal: Admin) -> ApiKeyList:
    """All keys of the tenant, the revoked ones included, without their secrets."""
    return ApiKeyList(
        api_keys=[_view(key) for key in await services.store(CallStore.list_api_keys, principal.tenant)]
    )


@router.delete("/{key_id}", status_code=204, responses=problem_responses(401, 403, 404))
async def revoke_api_key(key_id: str, services: ServicesDep, principal: Admin) -> None:
    """Revoke a key; it stops working at once."""
    await services.store(CallStore.revoke_api_key, key_id, actor=principal.id, tenant=principal.tenant)


def _view(key: ApiKeyRecord) -> ApiKeyView:
    return ApiKeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=list(key.scopes),
        created_at=time_of(key.created_at_ms),
        revoked_at=time_of(key.revoked_at_ms) if key.revoked_at_ms is not None else None,
        last_used_at=time_of(key.last_used_at_ms) if key.last_used_at_ms is not None else None,
        tenant=key.tenant,
        expires_at=time_of(key.expires_at_ms) if key.expires_at_ms is not None else None,
        limits=dict(key.limits),
    )
