"""Roles that a person gives: corrections as others are, with a place, an outcome and an undo."""

from __future__ import annotations

from dataclasses import replace

from callytics.conversation.corrections import correct
from callytics.domain import CallOptions, Conversation, Role, RoleSource
from callytics.pipeline import roles
from callytics.store.records.corrections import Corrections
from tests.support.conversations import conversation
from tests.support.corrections import asked_of

SAID = (
    (0, 0.0, 2.0, "hello how can I help"),
    (1, 2.5, 6.5, "I want a refund yes of course when"),
    (0, 7.0, 8.0, "today"),
)
SWAPPED = Corrections(roles={"spk_0": Role.CUSTOMER, "spk_1": Role.AGENT})


def talk() -> Conversation:
    return conversation(*SAID, duration_s=10.0, language="en")


def test_swap_is_two_corrections_that_outlast_the_graph() -> None:
    seen = talk()
    made = asked_of(seen, SWAPPED)
    assert [(each.kind, each.participant_id, each.before, each.after) for each in made] == [
        ("role", "spk_0", "AGENT", "CUSTOMER"),
        ("role", "spk_1", "CUSTOMER", "AGENT"),
    ]
    found = roles(correct(seen, made), CallOptions())
    assert [(p.id, p.role, p.role_source, p.role_confidence) for p in found.participants] == [
        ("spk_0", Role.CUSTOMER, RoleSource.MANUAL, 1.0),
        ("spk_1", Role.AGENT, RoleSource.MANUAL, 1.0),
    ]
    assert [each.status for each in found.corrections] == ["APPLIED", "APPLIED"]
    assert correct(seen, ()).participants == seen.participants, "undone, they are as they were found"


def test_same_role_of_a_person_makes_no_row_and_of_the_graph_makes_one() -> None:
    same = Corrections(roles={"spk_0": Role.AGENT})
    (confirmed,) = asked_of(talk(), same)
    found = correct(talk(), (confirmed,))
    assert asked_of(found, same) == ()


def test_correction_wins_over_the_roles_of_the_options() -> None:
    """Calls that an earlier version corrected have their roles in the options."""
    options = CallOptions(roles=(("spk_0", Role.OTHER), ("spk_1", Role.OTHER)))
    (made, _) = asked_of(talk(), SWAPPED)
    found = roles(correct(talk(), (made,)), options)
    assert [p.role for p in found.participants] == [Role.CUSTOMER, Role.OTHER]


def test_later_role_supersedes() -> None:
    first, _ = asked_of(talk(), SWAPPED, 1)
    second, *_ = asked_of(talk(), Corrections(roles={"spk_0": Role.OTHER}), 2)
    found = correct(talk(), (first, second))
    assert [each.status for each in found.corrections] == ["SUPERSEDED", "APPLIED"]
    assert found.participants[0].role is Role.OTHER


def test_role_follows_the_voice_of_a_mono_call_when_the_numbers_change() -> None:
    mono = talk()
    mono = replace(mono, participants=tuple(replace(p, channel_index=None) for p in mono.participants))
    (made, _) = asked_of(mono, SWAPPED)
    other = {"spk_0": "spk_1", "spk_1": "spk_0"}
    again = replace(mono, turns=tuple(replace(t, participant_id=other[t.participant_id]) for t in mono.turns))
    found = {p.id: p.role_source for p in correct(again, (made,)).participants}
    assert found["spk_1"] is RoleSource.MANUAL
    assert found["spk_0"] is not RoleSource.MANUAL
