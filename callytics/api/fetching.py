"""``media_url``: the service fetches a recording from where the settings allow, and from nowhere else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import httpcore

from callytics.api.outbound import Reach, request
from callytics.api.services import Services
from callytics.api.uploads import URL_FIELD, Upload, display_name
from callytics.errors import InvalidMediaError
from callytics.store.blobs import BlobWriter

TOTAL_TIMEOUT_S = 600.0


async def fetch(upload: Upload, services: Services, call_id: str) -> Upload:
    """The recording behind the URL of a form, into the blob of the call, as large as an upload may be.

    Raises:
        AddressRefusedError: ``url_not_allowed``.
        InvalidMediaError: ``media_url_failed``, ``media_too_large``, ``media_empty``.
    """
    settings = services.settings
    url = next(value for name, value in upload.fields if name == URL_FIELD)
    reach = Reach(settings.media_url_hosts, settings.trusted_networks)
    reach.check(url)
    try:
        with services.blobs.writer(call_id, max_bytes=settings.max_upload_bytes) as writer:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                await _receive(reach, url, writer)
    except (
        TimeoutError,
        httpcore.NetworkError,
        httpcore.TimeoutException,
        httpcore.ProtocolError,
    ) as error:
        raise InvalidMediaError(
            "media_url_failed", f"The recording could not be fetched: {type(error).__name__}."
        ) from error
    filename = display_name(unquote(urlsplit(url).path))
    return replace(upload, filename=filename, sha256=writer.sha256, size_bytes=writer.size_bytes)


async def _receive(reach: Reach, url: str, writer: BlobWriter) -> None:
    async with request(reach, "GET", url, [("Accept-Encoding", "identity")]) as response:
        if response.status != 200:
            raise InvalidMediaError("media_url_failed", f"The URL was answered with {response.status}.")
        async for chunk in response.aiter_stream():
            await asyncio.to_thread(writer.write, chunk)
    if writer.size_bytes == 0:
        raise InvalidMediaError("media_empty", "The file is empty.")
