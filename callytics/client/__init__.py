"""Clients of the HTTP API: a blocking one and one for asyncio. Both send the requests of ``requests.py``."""

from callytics.client.asynchronous import AsyncClient
from callytics.client.requests import FINISHED, CallStatus
from callytics.client.synchronous import Client

__all__ = ["FINISHED", "AsyncClient", "CallStatus", "Client"]
