"""Recall and precision of redaction on the written service calls of ``evaluation/dialogues``.

    python -m evaluation.redaction_of_dialogues [fit|choose|report|unseen] [--errors]

"unseen" are stretches with much personal data that no rule, list or model was made with.

A marked part is found if all its letters and digits are covered, regardless of the kind, because any remaining
character is a leak. A redacted span is right if it overlaps a part that is marked or may be (``pii_optional``).
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from callytics.domain import Turn, Word
from callytics.redaction.conversation import find_in_turns
from callytics.redaction.span import Span
from evaluation.dialogues import LANGUAGES, Split, read_dialogues, read_personal_data
from evaluation.redaction import RedactionScore

SECONDS_PER_WORD = 0.3


def score_redaction(dialogues: Iterable[Mapping[str, Any]]) -> RedactionScore:
    """Counts over ``dialogues``, as read by ``read_dialogues``."""
    counts: Counter[str] = Counter()
    errors: list[str] = []
    for dialogue in dialogues:
        found = find_in_turns(_turns(dialogue))
        for turn in dialogue["turns"]:
            marked = places(turn, dialogue["pii"])
            allowed = [place for place, _ in (*marked, *places(turn, dialogue["pii_optional"]))]
            missed = [item for item in marked if _leaks(turn["text"], item[0], found[turn["id"]])]
            wrong = [
                span for span in found[turn["id"]] if not any(_overlap(span, place) for place in allowed)
            ]
            counts["marked"] += len(marked)
            counts["found"] += len(marked) - len(missed)
            counts["redacted"] += len(found[turn["id"]])
            counts["right"] += len(found[turn["id"]]) - len(wrong)
            where = f"{dialogue['id']} {turn['id']}"
            errors += [
                f"missed {where} {kind}: {turn['text']} [{turn['text'][start:end]}]"
                for (start, end), kind in missed
            ]
            errors += [
                f"wrong {where} {s.kind}: {turn['text']} [{turn['text'][s.start : s.end]}]" for s in wrong
            ]
    return RedactionScore(
        counts["marked"], counts["found"], counts["redacted"], counts["right"], tuple(errors)
    )


def _turns(dialogue: Mapping[str, Any]) -> list[Turn]:
    """The call as the stage before redaction gives it; its texts have no sound, so the times are made up."""
    turns, now_s = [], 0.0
    for turn in dialogue["turns"]:
        begin_s, words = now_s, []
        for text in turn["text"].split():
            words.append(Word(text, now_s, now_s + SECONDS_PER_WORD, 1.0))
            now_s += SECONDS_PER_WORD
        turns.append(
            Turn(turn["id"], turn["speaker"], begin_s, now_s, turn["text"], turn["text"], tuple(words), 1.0)
        )
    return turns


def places(turn: Mapping[str, Any], items: Sequence[Mapping[str, str]]) -> list[tuple[tuple[int, int], str]]:
    """(start, end) and kind of each item of this turn; the same words twice are two places, in order."""
    places: list[tuple[tuple[int, int], str]] = []
    after: dict[str, int] = {}
    for item in items:
        if item["turn_id"] != turn["id"]:
            continue
        text = item["text"]
        start = _start(turn["text"], text, after.get(text, 0))
        after[text] = start + len(text)
        places.append(((start, start + len(text)), item["kind"]))
    return places


def _start(text: str, part: str, after: int) -> int:
    """Where ``part`` begins, as a whole word if it is one anywhere: "Al" is not in "Also"."""
    pattern = re.escape(part)
    match = re.compile(rf"(?<!\w){pattern}").search(text, after) or re.compile(pattern).search(text, after)
    if match is None:
        raise ValueError(f"the turn {text!r} does not contain the marked part {part!r} often enough")
    return match.start()


def _leaks(text: str, place: tuple[int, int], spans: Sequence[Span]) -> bool:
    return any(
        text[i].isalnum() and not any(span.start <= i < span.end for span in spans) for i in range(*place)
    )


def _overlap(span: Span, place: tuple[int, int]) -> bool:
    return span.start < place[1] and place[0] < span.end


def main(arguments: list[str]) -> None:
    splits: list[Split] = [split for split in get_args(Split) if split in arguments] or list(get_args(Split))
    named: list[Split | Literal["unseen"]] = [*splits]
    if "unseen" in arguments:
        named = ["unseen"]
    if "--errors" in arguments and {"report", "unseen"} & {*named}:
        sys.exit("The calls of report and unseen are not looked at: name fit or choose to see errors.")
    for split in named:
        for language in LANGUAGES:
            calls = (
                read_personal_data(language, "unseen")
                if split == "unseen"
                else read_dialogues(split, language)
            )
            result = score_redaction(calls)
            print(
                f"{split} {language}: recall {result.recall:.3f} ({result.found}/{result.marked}), "
                f"precision {result.precision:.3f} ({result.right}/{result.redacted})"
            )
            if "--errors" in arguments:
                print("\n".join(result.errors))


if __name__ == "__main__":
    main(sys.argv[1:])
