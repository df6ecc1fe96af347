"""/v1/sessions/oidc: a browser goes to the issuer and comes back signed in. These are pages that a browser visits; the
flow itself is in oidc_sign_in.py.

Coming back is a navigation from another site, so the flow's cookie is ``SameSite=Lax``; the session's is ``Strict``, as
after an API key. Where it fails, the browser is led to a screen that says why, never to an address from outside.
"""

from __future__ import annotations

import hmac
import logging
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Query, Request, Response
from fastapi.responses import RedirectResponse

from callytics.api.auth import Gate, gate_of
from callytics.api.errors import problem_responses
from callytics.api.oidc_sign_in import FLOW_S, Flow, IssuerClient
from callytics.api.renewal import sealed_grant
from callytics.api.services import ServicesDep
from callytics.api.sessions import set_session_cookie
from callytics.api.strict import StrictRoute
from callytics.errors import CallyticsError, NotFoundError, UnauthorizedError
from callytics.store import CallStore, IssuedSession, hash_secret

logger = logging.getLogger(__name__)

FLOW_COOKIE = "callytics_sign_in"
PATH = "/v1/sessions/oidc"

router = APIRouter(route_class=StrictRoute, prefix=PATH, tags=["sessions"])

Place = Annotated[str, Query(max_length=600, description="Screen of the console to come back to")]
Code = Annotated[str, Query(max_length=4096, description="What the issuer exchanges for tokens, once")]
State = Annotated[str, Query(max_length=4096, description="Which sign-in of which browser it belongs to")]
Refusal = Annotated[str, Query(max_length=4096, description="Why the issuer signed no one in")]
Issuer = Annotated[str, Query(max_length=4096, description="Which issuer answers (RFC 9207)")]
Unused = Annotated[str, Query(max_length=4096, description="Issuers add it; it has no effect")]


_SENT_ON: dict[int | str, dict[str, Any]] = {
    303: {"description": "To another page", "headers": {"Location": {"schema": {"type": "string"}}}}
}


@router.get(
    "", status_code=303, response_class=Response, responses={**_SENT_ON, **problem_responses(404, 422)}
)
async def sign_in_at_issuer(request: Request, services: ServicesDep, place: Place = "#/") -> Response:
    """Sends a browser to the OpenID Connect issuer; `place` is the screen of the console to come back to, "#/calls",
    say."""
    issuer = _issuer(gate_of(request))
    flow = Flow.new(place)
    response = RedirectResponse(issuer.address(flow), 303, headers={"Cache-Control": "no-store"})
    is_https = services.settings.public_url.startswith("https://")
    response.set_cookie(
        FLOW_COOKIE, flow.cookie, max_age=FLOW_S, path=PATH, secure=is_https, httponly=True, samesite="lax"
    )
    return response


@router.get(
    "/callback",
    status_code=303,
    response_class=Response,
    responses={**_SENT_ON, **problem_responses(404, 422)},
)
async def come_back_from_issuer(
    request: Request,
    services: ServicesDep,
    code: Code = "",
    state: State = "",
    error: Refusal = "",
    iss: Issuer = "",
    # What issuers add, and what is of no use here.
    error_description: Unused = "",
    error_uri: Unused = "",
    session_state: Unused = "",
    scope: Unused = "",
    authuser: Unused = "",
    prompt: Unused = "",
    hd: Unused = "",
    callytics_sign_in: Annotated[str, Cookie(include_in_schema=False)] = "",
) -> Response:
    """Where the issuer sends the browser back to: signed in, the cookie of its session is set, and it goes on to the
    screen that it came from; else to one that says why not."""
    gate = gate_of(request)
    issuer = _issuer(gate)
    flow = Flow.of_cookie(callytics_sign_in)
    try:
        _check(flow, state, error, iss, services.settings.oidc.issuer if services.settings.oidc else "")
        session_secret, issued = await _session(services, issuer, flow, code)
    except CallyticsError as problem:
        logger.warning("signing in at the issuer was refused: %s: %s", problem.code, problem.message)
        response = RedirectResponse(f"/#/sign-in-failed/{problem.code}", 303)
    else:
        response = RedirectResponse(f"/{flow.place}", 303)
        set_session_cookie(response, session_secret, services.settings.public_url.startswith("https://"))
        logger.info("%s signed in at the issuer", issued.who.id)
    response.delete_cookie(FLOW_COOKIE, path=PATH, httponly=True, samesite="lax")
    response.headers["Cache-Control"] = "no-store"
    return response


def _issuer(gate: Gate) -> IssuerClient:
    if gate.issuer is None:
        raise NotFoundError("not_found", "No issuer is configured where people sign in.")
    return gate.issuer


def _check(flow: Flow, state: str, error: str, iss: str, issuer: str) -> None:
    """
    Raises:
        UnauthorizedError: ``state_invalid``, ``issuer_differs``, ``issuer_refused``.
    """
    if not flow.secret or not hmac.compare_digest(state.encode(), flow.state.encode()):
        raise UnauthorizedError("state_invalid", "This answer belongs to no sign-in that this browser began.")
    if iss and iss != issuer:  # RFC 9207
        raise UnauthorizedError("issuer_differs", "This answer is of another issuer.")
    if error:
        raise UnauthorizedError("issuer_refused", "The issuer did not sign this person in.")


async def _session(
    services: ServicesDep, issuer: IssuerClient, flow: Flow, code: str
) -> tuple[str, IssuedSession]:
    granted = await issuer.redeem(flow, code)
    issued = await services.store(
        CallStore.begin_issuer_session, hash_secret(f"flow {flow.secret}"), granted.grant
    )
    if issued is None:
        raise UnauthorizedError("flow_used", "This sign-in is over already. Sign in again.")
    if granted.refresh_token:
        grant = sealed_grant(granted, issued.secret)
        await services.store(CallStore.renew_session, hash_secret(issued.secret), grant)
    return issued.secret, issued
