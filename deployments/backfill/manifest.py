"""Which recordings a batch is about: a folder, a pattern, or a table with what is known of each call.

Everything is read through fsspec: a local path, ``s3://bucket/2025/``, ``gs://...`` (with fsspec's driver of that
service; that of S3 is the extra ``s3``). A manifest is a CSV or Parquet file with a column ``uri`` (or ``path``;
relative ones are next to the manifest). The columns of METADATA_FIELDS, ``language``, ``agent_channel``,
``num_speakers``, ``audio_format``, ``audio_sample_rate_hz``, ``audio_channels``, ``denoise`` and ``redact_pii`` mean
what they mean in the HTTP API; any other column is kept under ``custom``.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from callytics.domain import CallOptions, Denoise
from callytics.errors import CallyticsError, InvalidRequestError, NotFoundError
from callytics.options.checks import EXTENSIONS, call_time, checked, with_format_of
from callytics.store.records.calls import METADATA_FIELDS

MEDIA_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("wav", "mp3", "m4a", "mp4", "aac", "ogg", "oga", "opus", "flac", "wma", "amr", "webm"),
        *("au", "aif", "aiff", "3gp", "mov", "mkv"),
        *EXTENSIONS,
    )
)
"""What is taken from a folder. A pattern or a manifest may name anything."""

MANIFEST_SUFFIXES = (".csv", ".parquet")
YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class BatchItem:
    """One recording of a batch."""

    uri: str
    options: CallOptions = field(default_factory=CallOptions)
    metadata: Mapping[str, Any] = field(default_factory=dict)


def batch_items(source: str, defaults: CallOptions | None = None) -> list[BatchItem]:
    """The recordings that ``source`` names, in a stable order: that of the manifest, else the largest first.

    Args:
        defaults: options of calls for which the manifest says nothing else.

    Raises:
        NotFoundError: ``input_missing``: there is nothing there.
        InvalidRequestError: ``manifest_invalid``, ``input_unreadable``.
    """
    defaults = defaults or CallOptions()
    try:
        if source.lower().endswith(MANIFEST_SUFFIXES):
            items = [_item(row, source, defaults) for row in _rows(source)]
        else:
            items = [BatchItem(uri, with_format_of(defaults, uri)) for uri in _uris(source)]
    except CallyticsError:
        raise
    except (
        Exception
    ) as error:  # every file system's driver has errors of its own; a missing one is an ImportError
        raise InvalidRequestError("input_unreadable", f"{source} cannot be read: {error}") from error
    if not items:
        raise NotFoundError("input_missing", f"No recordings at {source!r}.")
    return items


def _uris(source: str) -> list[str]:
    """The largest first: a long call that began last would keep one core at work when all others have ended."""
    import fsspec

    filesystem, path = fsspec.core.url_to_fs(source)
    if any(c in path for c in "*?["):
        found: dict[str, Any] = filesystem.glob(path, detail=True)
    elif filesystem.isdir(path):
        below = filesystem.find(path, detail=True)
        found = {
            name: info
            for name, info in below.items()
            if posixpath.splitext(name)[1].lower() in MEDIA_SUFFIXES
        }
    else:
        found = {path: filesystem.info(path)} if filesystem.exists(path) else {}
    local = "file" in filesystem.protocol
    files = [
        (name, info.get("size") or 0)
        for name, info in found.items()
        if info["type"] == "file" or filesystem.isfile(name)  # a link is one if it leads to one
    ]
    by_size = sorted(files, key=lambda file: (-file[1], file[0]))
    return [name if local else filesystem.unstrip_protocol(name) for name, _ in by_size]


def _rows(source: str) -> Iterator[Mapping[str, Any]]:
    import fsspec

    try:
        with fsspec.open(source, "rb") as stream:
            data = stream.read()
    except FileNotFoundError as error:
        raise NotFoundError("input_missing", f"There is no manifest {source!r}.") from error
    if source.lower().endswith(".parquet"):
        import pyarrow.parquet

        yield from pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    else:
        yield from csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))


def _item(row: Mapping[str, Any], source: str, defaults: CallOptions) -> BatchItem:
    known = {name: value for name, value in row.items() if name and value not in (None, "")}
    uri = known.pop("uri", None) or known.pop("path", None)
    if not uri:
        raise InvalidRequestError(
            "manifest_invalid", f"{source}: a row has neither `uri` nor `path`: {dict(row)}"
        )
    uri = str(uri)
    if "://" not in uri and not uri.startswith("/"):
        uri = posixpath.join(posixpath.dirname(source), uri)
    options = with_format_of(_options(known, defaults, source), uri)
    metadata: dict[str, Any] = {name: str(known.pop(name)) for name in METADATA_FIELDS if name in known}
    try:
        call_time(metadata.get("started_at", "1970-01-01T00:00:00Z"))
    except ValueError as error:
        raise InvalidRequestError("manifest_invalid", f"{source}: started_at of {uri}: {error}") from error
    if known:
        metadata["custom"] = {name: str(value) for name, value in known.items()}
    return BatchItem(uri, options, metadata)


def _options(known: dict[str, Any], defaults: CallOptions, source: str) -> CallOptions:
    changes: dict[str, Any] = {}
    if "language" in known:
        changes["language"] = str(known.pop("language"))
    if "audio_format" in known:
        changes["audio_format"] = str(known.pop("audio_format"))
    if "denoise" in known:
        changes["denoise"] = _denoise(known.pop("denoise"), source)
    for name in ("agent_channel", "num_speakers", "audio_sample_rate_hz", "audio_channels"):
        if name in known:
            value = known.pop(name)
            try:
                changes[name] = int(value)
            except ValueError as error:
                raise InvalidRequestError(
                    "manifest_invalid", f"{source}: {name} must be a whole number, not {value!r}."
                ) from error
    if "redact_pii" in known:
        value = str(known.pop("redact_pii")).lower()
        if value not in YES_OR_NO:
            raise InvalidRequestError(
                "manifest_invalid", f"{source}: redact_pii must be true or false, not {value!r}."
            )
        # What is asked for all calls no row can switch off.
        changes["redact_pii"] = defaults.redact_pii or YES_OR_NO[value]
    try:
        return checked(replace(defaults, **changes))
    except InvalidRequestError as error:
        raise InvalidRequestError("manifest_invalid", f"{source}: {error.message}") from error


def _denoise(value: Any, source: str) -> Denoise:
    try:
        return Denoise(str(value).lower())
    except ValueError as error:
        known = ", ".join(Denoise)
        raise InvalidRequestError(
            "manifest_invalid", f"{source}: denoise is one of {known}, not {value!r}."
        ) from error
