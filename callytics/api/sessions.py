"""/v1/sessions: browsers that are signed in. A session is a cookie that no script can read, and stands for an API key.

The cookie goes with requests of the same site only (``SameSite=Strict``), and changes nothing without the header
CONSOLE_HEADER, which no form and no other site can send (OWASP Cross-Site Request Forgery Prevention, "custom request
headers"; authentication.py checks it).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, model_validator

from callytics.api.auth import COOKIE, Principal, allowed, gate_of
from callytics.api.errors import problem_responses
from callytics.api.schemas.fields import StrictBody
from callytics.api.services import ServicesDep
from callytics.api.strict import StrictRoute
from callytics.api.views import time_of
from callytics.errors import ForbiddenError, NotFoundError, UnauthorizedError
from callytics.store import SCOPES, CallStore, hash_secret
from callytics.store.sessions import MAX_SESSION_S

router = APIRouter(route_class=StrictRoute, prefix="/v1/sessions", tags=["sessions"])

Anyone = Annotated[Principal, Depends(allowed(*SCOPES))]
Secret = Annotated[str, Field(min_length=1, max_length=256)]


class SignIn(StrictBody):
    """Either an API key or the secret of a link."""

    api_key: Secret | None = Field(default=None, description="An API key", examples=["cly_..."])
    link: Secret | None = Field(default=None, description="The secret of a link, which works once")

    @model_validator(mode="after")
    def _one_of_both(self) -> SignIn:
        if (self.api_key is None) == (self.link is None):
            raise ValueError("send either api_key or link")
        return self


class SessionView(BaseModel):
    id: str = Field(
        description="Id of the API key for which the session stands; `oidc:` and the subject of a person whom the "
        "issuer knows; or `anonymous`"
    )
    tenant: str
    scopes: list[str]


class SignInLinkView(BaseModel):
    path: str = Field(description="To be opened in a browser, once", examples=["/#/sign-in/cll_x3Vb7Q"])
    expires_at: datetime


class SignInMethods(BaseModel):
    """How a browser can sign in."""

    api_key: Literal[True] = Field(default=True, description="With an API key")
    issuer: bool = Field(
        description="Whether people can sign in at an OpenID Connect issuer, by a visit of /v1/sessions/oidc"
    )


@router.get("", response_model=SignInMethods)
async def sign_in_methods(request: Request) -> SignInMethods:
    """How a browser can sign in here."""
    return SignInMethods(issuer=gate_of(request).issuer is not None)


@router.post("", response_model=SessionView, responses=problem_responses(401, 422, 503))
async def sign_in(body: SignIn, request: Request, response: Response, services: ServicesDep) -> SessionView:
    """Sign a browser in: the answer sets the cookie of its session."""
    if body.api_key is not None:
        key = await gate_of(request).known_key(body.api_key)
        issued = await services.store(CallStore.begin_session, hash_secret(body.api_key)) if key else None
    else:
        issued = await services.store(CallStore.redeem_sign_in_link, hash_secret(body.link or ""))
    if issued is None:
        raise _refused(body)
    set_session_cookie(response, issued.secret, services.settings.public_url.startswith("https://"))
    return SessionView(id=issued.who.id, tenant=issued.who.tenant, scopes=list(issued.who.scopes))


def _refused(body: SignIn) -> UnauthorizedError:
    if body.link is None:
        return UnauthorizedError("api_key_invalid", "This API key is unknown, was revoked, or has expired.")
    return UnauthorizedError(
        "link_invalid",
        "This link was used or has expired. `callytics open` makes another; a key works as well.",
    )


def set_session_cookie(response: Response, secret: str, https: bool) -> None:
    response.set_cookie(
        COOKIE, secret, max_age=MAX_SESSION_S, path="/", secure=https, httponly=True, samesite="strict"
    )


@router.get("/current", response_model=SessionView, responses=problem_responses(401))
async def current_session(principal: Anyone) -> SessionView:
    """Who asks, and what they may do."""
    return SessionView(id=principal.id, tenant=principal.tenant, scopes=sorted(principal.scopes))


@router.delete("/current", status_code=204, responses=problem_responses(401))
async def sign_out(request: Request, response: Response, services: ServicesDep, principal: Anyone) -> None:
    """End the session of this browser. An API key is not a session, and stays."""
    secret = request.cookies.get(COOKIE)
    if secret:
        await services.store(CallStore.end_session, hash_secret(secret))
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


@router.post("/links", status_code=201, response_model=SignInLinkView, responses=problem_responses(401, 403))
async def create_sign_in_link(services: ServicesDep, principal: Anyone) -> SignInLinkView:
    """A link that signs one browser in, with what this API key may do; for the next ten minutes."""
    try:
        issued = await services.store(CallStore.create_sign_in_link, principal.id)
    except NotFoundError:  # a token of an issuer, or authentication is off
        raise ForbiddenError("key_required", "Only an API key can make a link that signs in.") from None
    return SignInLinkView(path=f"/#/sign-in/{issued.secret}", expires_at=time_of(issued.expires_at_ms))
