"""multipart/form-data, streamed: the file goes from the socket to the blob store, never whole into memory.

Starlette's own form parser would first write the file to a temporary one, without a limit to its size.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import unquote

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from callytics.errors import InvalidMediaError, InvalidRequestError
from callytics.store import BlobStore
from callytics.store.blobs import CHUNK_BYTES, BlobWriter

FILE_FIELD = "file"
URL_FIELD = "media_url"
MAX_FIELDS = 200
MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS_BYTES = 1 << 20
"""Limit of all fields together, large ones apart: they stay in memory, of every upload that is under way."""

FORM_OVERHEAD_BYTES = 16 << 20
"""What a form may hold besides the file: four known speakers' voices of 3 MB, and fields."""

_BROWSER_ESCAPES = re.compile("%(?:22|0[DA])", re.IGNORECASE)


@dataclass
class Upload:
    """A received form; the file lies in the blob store. ``filename`` is for display only. Without a ``sha256`` there
    was no file but a URL of one (fetching.py)."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    filename: str = ""
    sha256: str = ""
    size_bytes: int = 0


@dataclass(frozen=True)
class LargeFields:
    """Fields of this name, alone or with brackets behind it: limits of their size and number."""

    name: str
    max_bytes: int
    max_number: int


@dataclass
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    is_file: bool = False
    max_bytes: int = MAX_FIELD_BYTES
    data: bytearray = field(default_factory=bytearray)


async def receive(
    request: Request,
    blobs: BlobStore,
    call_id: str,
    max_bytes: int,
    large_fields: LargeFields | None = None,
) -> Upload:
    """Read the form of a request, its file into the blob of ``call_id``. On any error there is no blob.

    Raises:
        InvalidRequestError: not a multipart form, or the file is missing.
        InvalidMediaError: ``media_too_large``, ``media_empty``.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes + FORM_OVERHEAD_BYTES:
        raise InvalidMediaError("media_too_large", f"The recording is larger than {max_bytes} bytes.")
    stack = ExitStack()
    try:
        form = _Form(
            _boundary(request),
            lambda: stack.enter_context(blobs.writer(call_id, max_bytes=max_bytes)),
            large_fields,
        )
        async for chunk in request.stream():
            await form.feed(chunk)
        upload = form.finished()
    except BaseException:
        with stack:  # its writer sees the exception and removes what it wrote
            raise
    await asyncio.to_thread(stack.close)
    return upload


def _boundary(request: Request) -> bytes:
    media_type, parameters = parse_options_header(request.headers.get("content-type", ""))
    if media_type != b"multipart/form-data" or not parameters.get(b"boundary"):
        raise InvalidRequestError(
            "multipart_expected", "Send the recording as multipart/form-data, e.g. curl -F file=@call.wav."
        )
    return parameters[b"boundary"]


class _Form:
    """Turns the callbacks of the parser into fields and writes."""

    def __init__(
        self,
        boundary: bytes,
        open_writer: Callable[[], BlobWriter],
        large_fields: LargeFields | None = None,
    ) -> None:
        self._open_writer = open_writer
        self._large_fields = large_fields
        self._num_large = 0
        self._fields_bytes = 0
        self._writer: BlobWriter | None = None
        self._upload = Upload()
        self._part = _Part()
        self._header_name = b""
        self._header_value = b""
        self._ended = False
        self._pending = bytearray()  # of the file, not yet written
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value_part,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )

    async def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise InvalidRequestError("multipart_invalid", f"The form cannot be parsed: {error}") from error
        if len(self._pending) >= CHUNK_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        if self._writer is not None and self._pending:
            data, self._pending = bytes(self._pending), bytearray()
            await asyncio.to_thread(self._writer.write, data)

    def finished(self) -> Upload:
        if not self._ended:
            raise InvalidRequestError("multipart_invalid", "The form ends before its last boundary.")
        names = {name for name, _ in self._upload.fields}
        if self._writer is None and URL_FIELD in names:
            return self._upload
        if self._writer is not None and URL_FIELD in names:
            raise InvalidRequestError("file_repeated", f"Send the recording, or its {URL_FIELD}, not both.")
        if self._writer is None:
            raise InvalidRequestError("file_missing", f"The form has no file in its field {FILE_FIELD!r}.")
        if self._pending:
            self._writer.write(bytes(self._pending))
        if self._writer.size_bytes == 0:
            raise InvalidMediaError("media_empty", "The file is empty.")
        self._upload.sha256 = self._writer.sha256
        self._upload.size_bytes = self._writer.size_bytes
        return self._upload

    def _part_begin(self) -> None:
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_value_part(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        self._part.headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_finished(self) -> None:
        disposition = self._part.headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        self._part.is_file = self._part.name == FILE_FIELD
        if self._part.is_file:
            if self._writer is not None:
                raise InvalidRequestError(
                    "file_repeated", "One recording a call: the form has several files."
                )
            self._upload.filename = display_name(file_name(disposition, options))
            self._writer = self._open_writer()
        large = self._large_fields
        if large is not None and self._part.name.partition("[")[0] == large.name:
            self._num_large += 1
            if self._num_large > large.max_number:
                raise InvalidRequestError(
                    "too_many_fields", f"At most {large.max_number} {large.name} are allowed.", large.name
                )
            self._part.max_bytes = large.max_bytes

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_file:
            self._pending += data[start:end]
            return
        self._part.data += data[start:end]
        if len(self._part.data) > self._part.max_bytes:
            raise InvalidRequestError(
                "field_too_large",
                f"The field {self._part.name!r} is larger than {self._part.max_bytes} bytes. A recording belongs in "
                f"the field {FILE_FIELD!r}.",
                self._part.name,
            )
        if self._part.max_bytes == MAX_FIELD_BYTES:
            self._fields_bytes += end - start
        if self._fields_bytes > MAX_FIELDS_BYTES:
            raise InvalidRequestError(
                "fields_too_large",
                f"The fields of the form are larger than {MAX_FIELDS_BYTES} bytes together.",
            )

    def _part_end(self) -> None:
        if self._part.is_file:
            return
        if len(self._upload.fields) >= MAX_FIELDS:
            raise InvalidRequestError("too_many_fields", f"The form has more than {MAX_FIELDS} fields.")
        try:
            value = self._part.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRequestError(
                "field_not_utf8",
                f"The field {self._part.name!r} is not UTF-8 text. A recording belongs in the field {FILE_FIELD!r}.",
            ) from error
        if "\0" in value or "\0" in self._part.name:
            raise InvalidRequestError("field_not_text", "A field of the form holds a NUL character.")
        self._upload.fields.append((self._part.name, value))

    def _end(self) -> None:
        self._ended = True


def file_name(disposition: bytes, options: Mapping[bytes, bytes]) -> str:
    """The name of the file as its sender meant it.

    ``filename*`` (RFC 5987) wins over its ASCII stand-in: RFC 7578 forbids it in forms, yet clients in Java, .NET and
    Dart send it. In a plain ``filename``, browsers write a quotation mark or a line break as %22, %0D, %0A
    (HTML, 4.10.21.8), and old Korean programs write CP949.

    Args:
        options: of the header, as python-multipart parses them; it leaves out what has a ``*``.
    """
    message = Message()
    message["Content-Disposition"] = disposition.decode("latin-1")
    for name, value in message.get_params([], "content-disposition"):
        if name.lower() == "filename" and isinstance(value, tuple):
            return collapse_rfc2231_value(value)
    plain = options.get(b"filename", b"")
    for encoding in ("utf-8", "cp949"):
        with suppress(UnicodeDecodeError):
            return _BROWSER_ESCAPES.sub(lambda found: unquote(found[0]), plain.decode(encoding))
    return plain.decode("utf-8", "replace")


def display_name(filename: str) -> str:
    """A file name as it may be shown: without folders, control and bidirectional characters; at most 200 long; composed
    (NFC), for macOS sends Korean in single jamo.

    It never names anything on disk.
    """
    name = re.split(r"[/\\]", filename)[-1]
    name = re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", name)
    return unicodedata.normalize("NFC", " ".join(name.split()))[:200]
