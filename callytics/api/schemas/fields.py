"""Kinds of fields that several bodies have. Requests are strict: unknown fields and wrong types are rejected."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from callytics.api.patterns import PRINTABLE
from callytics.errors import InvalidRequestError
from callytics.options.languages import language_code

ShortText = Annotated[str, Field(max_length=256, pattern=PRINTABLE)]


def _language(value: Any) -> Any:
    try:
        return language_code(value) if isinstance(value, str) else value
    except InvalidRequestError as error:
        raise ValueError(error.message) from error


Language = Annotated[
    Annotated[str, Field(max_length=100)] | None, BeforeValidator(_language), Field(examples=["ko"])
]
"""A language in any notation of callytics/options/languages.py, converted to its code; None: detect it."""


def _whole_number(value: Any) -> Any:
    """Strings must be digits only: pydantic also accepts " 1", "+1", "1.0" and "1_0"."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,19}", value):
        raise ValueError("must be a whole number")
    return value


WholeNumber = Annotated[int, BeforeValidator(_whole_number)]


def _iso_8601(value: Any) -> Any:
    """Pydantic also accepts a number of seconds or milliseconds."""
    if not (isinstance(value, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", value)):
        raise ValueError("must be ISO 8601 with an offset, as 2026-11-22T09:30:00+09:00")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be of the years 1 to 9999 in UTC") from error


Time = Annotated[AwareDatetime, BeforeValidator(_iso_8601), AfterValidator(_in_utc)]


def _iso_day(value: Any) -> Any:
    """Pydantic also accepts a number of seconds since 1970."""
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        raise ValueError("must be a day, as 2026-11-22")
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]


class StrictBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
