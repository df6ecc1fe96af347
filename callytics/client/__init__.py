"""Clients of the HTTP API: one that waits, one for asyncio. Both send what ``requests.py`` describes."""

from callytics.client.asynchronous import AsyncClient
from callytics.client.requests import FINISHED, CallStatus
from callytics.client.synchronous import Client

__all__ = ["FINISHED", "AsyncClient", "CallStatus", "Client"]
