"""Checks of the errors that the API answers with."""

from __future__ import annotations

import httpx


def assert_problem(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["type"] == f"urn:callytics:problem:{code}"
    assert body["title"]
    assert body["detail"]
