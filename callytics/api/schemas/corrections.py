"""Changes that a person makes to a call."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from callytics.api.patterns import READABLE
from callytics.api.schemas.fields import ShortText, StrictBody, WholeNumber
from callytics.api.schemas.metadata import MetadataBody


class TurnCorrection(StrictBody):
    """What is wrong about a turn: its text, its speaker, its sentiment. At least one of them."""

    turn_id: ShortText = Field(description="`id` of a turn of the result", examples=["t3"])
    content: str | None = Field(
        default=None,
        max_length=20_000,
        pattern=READABLE,
        description="The corrected text of the whole turn. Repeated spaces become one; punctuation, capitals and "
        "spacing are otherwise kept as given. In a redacted call, leave marks such as [NAME] in place",
        examples=["I would like a refund for order 4711."],
    )
    participant_id: ShortText | None = Field(
        default=None, description="The participant who said it", examples=["spk_1"]
    )
    sentiment: Literal["POSITIVE", "NEUTRAL", "NEGATIVE"] | None = Field(
        default=None, description="Its sentiment; `sentiment_scores` become 1 and 0", examples=["NEGATIVE"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> TurnCorrection:
        if self.content is self.participant_id is self.sentiment is None:
            raise ValueError("needs content, participant_id or sentiment")
        return self


class TurnSplit(StrictBody):
    """A turn that is two."""

    turn_id: ShortText = Field(description="`id` of a turn of the result", examples=["t3"])
    word: WholeNumber = Field(
        ge=1, le=100_000, description="Index in `items` of the first word of the second turn", examples=[4]
    )
    participant_id: ShortText | None = Field(
        default=None, description="Who says the second turn; null: who says the first"
    )


class TurnMerge(StrictBody):
    """Two turns that are one."""

    turn_id: ShortText = Field(description="The first, whose speaker the turn gets", examples=["t3"])
    next_turn_id: ShortText = Field(
        description="The turn after it, or the next one of its speaker", examples=["t4"]
    )


def _flat(text: str) -> str:
    if not (flat := " ".join(text.split())):
        raise ValueError("is empty")
    return flat


Sentences = Annotated[str, Field(max_length=5000, pattern=READABLE), AfterValidator(_flat)]
Phrase = Annotated[str, Field(max_length=256, pattern=READABLE), AfterValidator(_flat)]


class TaskBody(StrictBody):
    """A task that remains after the call."""

    text: Sentences = Field(description="What is to be done", examples=["Send the form."])
    owner: Literal["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"] = Field(description="Who must do it")
    due: Phrase | None = Field(default=None, description="By when", examples=["Friday"])


class SummaryBody(StrictBody):
    """Fields of `contact_summary` in a person's words. Only the given ones change."""

    summary: Sentences | None = Field(default=None, description="The call in a few sentences; null: none")
    topic: Phrase | None = Field(default=None, description="For instance `refund`; null: unclear")
    issue: Sentences | None = Field(default=None, description="Why the customer called; null: not shown")
    outcome: Sentences | None = Field(default=None, description="What came of it; null: not shown")
    still_open: Sentences | None = Field(default=None, description="What is left open; null: nothing")
    resolved: bool | None = Field(default=None, description="Whether the issue was solved; null: unclear")
    action_items: list[TaskBody] = Field(
        default=[], max_length=50, description="All tasks that remain; they replace those of the result"
    )


class ParticipantName(StrictBody):
    """The name of a participant."""

    participant_id: ShortText = Field(
        description="`participant_id` of a participant of the result", examples=["spk_0"]
    )
    name: Annotated[str, Field(max_length=256, pattern=READABLE)] | None = Field(
        description="Shown instead of the role in transcripts; null removes it", examples=["Kim Minji"]
    )


def _once(values: list[Any] | None, name: str) -> list[Any] | None:
    ids = [getattr(value, name) for value in values or []]
    if repeated := sorted({each for each in ids if ids.count(each) > 1}):
        raise ValueError(f"names {', '.join(repeated)} more than once")
    return values


class CallPatch(StrictBody):
    """Changes to a call. After a correction the call is queued, and only the steps that depend on the correction run
    again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"metadata": {"agent_id": "kim.minji"}},
                {"roles": {"spk_0": "CUSTOMER", "spk_1": "AGENT"}},
                {"turns": [{"turn_id": "t3", "content": "I would like a refund for order 4711."}]},
                {"participants": [{"participant_id": "spk_0", "name": "Kim Minji"}]},
                {"turns": [{"turn_id": "t3", "participant_id": "spk_1", "sentiment": "NEGATIVE"}]},
                {"splits": [{"turn_id": "t3", "word": 4, "participant_id": "spk_1"}]},
                {"merges": [{"turn_id": "t3", "next_turn_id": "t4"}]},
                {"summary": {"outcome": "A refund by Friday.", "resolved": True}},
            ]
        }
    )

    metadata: MetadataBody | None = Field(
        default=None, description="Only the given fields change; null clears a field"
    )
    roles: dict[str, Literal["AGENT", "CUSTOMER", "OTHER", "UNKNOWN"]] | None = Field(
        default=None,
        description="Role per participant id",
        examples=[{"spk_0": "CUSTOMER", "spk_1": "AGENT"}],
    )
    turns: Annotated[list[TurnCorrection], AfterValidator(partial(_once, name="turn_id"))] | None = Field(
        default=None,
        max_length=1000,
        description="Corrections of text, speaker, sentiment, one per turn; other turns stay",
    )
    participants: (
        Annotated[list[ParticipantName], AfterValidator(partial(_once, name="participant_id"))] | None
    ) = Field(default=None, max_length=32, description="Names of participants; other participants stay")
    splits: list[TurnSplit] | None = Field(
        default=None, max_length=100, description="Turns to split, each once in a request"
    )
    merges: list[TurnMerge] | None = Field(
        default=None, max_length=100, description="Pairs of turns to join, each turn once in a request"
    )
    summary: SummaryBody | None = Field(default=None, description="Fields of the summary; other fields stay")

    @model_validator(mode="after")
    def _bounds_change_once(self) -> CallPatch:
        """What is split or joined is another turn afterwards: nothing else can be said of it in the same request."""
        ids = [split.turn_id for split in self.splits or []]
        ids += [each for merge in self.merges or [] for each in (merge.turn_id, merge.next_turn_id)]
        corrected = {turn.turn_id for turn in self.turns or []}
        if repeated := sorted({each for each in ids if ids.count(each) > 1 or each in corrected}):
            raise ValueError(f"{', '.join(repeated)}: a turn is split, joined or corrected once in a request")
        return self

    @property
    def corrects(self) -> bool:
        return any((self.roles, self.turns, self.participants, self.splits, self.merges)) or bool(
            self.summary and self.summary.model_fields_set
        )
