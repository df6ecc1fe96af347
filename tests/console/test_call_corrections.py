"""How a call is fixed on its screen: turns, roles, names, the summary; what others do meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from callytics.domain import CallOptions
from callytics.store import Corrections
from tests.console.conftest import READ, RESULT, WRITE, Gateway, Visit, finish, result_with


def edit(page: Page, turn_id: str) -> Locator:
    page.locator(f"#turn-{turn_id}").hover()
    page.locator(f"#turn-{turn_id} .edit").click()
    return page.locator(f"#turn-{turn_id} .editor")


def sent(visit: Visit, act: Any) -> dict[str, Any]:
    """What the click sends, and that the server takes it."""
    with visit.page.expect_response(lambda answer: answer.request.method == "PATCH") as answer:
        act()
    assert answer.value.status == 200, answer.value.text()
    body: dict[str, Any] = answer.value.request.post_data_json
    return body


def test_speaker_and_mood_of_a_turn_are_corrected(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    editor = edit(visit.page, "t2")
    turn = RESULT["transcript"][1]
    other = next(
        p["participant_id"] for p in RESULT["participants"] if p["participant_id"] != turn["participant_id"]
    )
    mood = "POSITIVE" if turn["sentiment"] != "POSITIVE" else "NEGATIVE"
    editor.get_by_label("Speaker").select_option(other)
    editor.get_by_label("Mood").select_option(mood)
    body = sent(visit, editor.get_by_role("button", name="Save").click)
    assert body == {"turns": [{"turn_id": "t2", "participant_id": other, "sentiment": mood}]}
    assert [row.kind for row in gateway.store.list_corrections(call_id)] == ["turn_speaker", "mood"]
    finish(gateway, call_id, RESULT)


def test_turn_is_split_at_a_word_and_joined_with_the_next(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    editor = edit(visit.page, "t2")
    editor.get_by_role("button", name="Split").click()
    items = RESULT["transcript"][1]["items"]
    body = sent(visit, editor.locator(".splitter .term").nth(2).click)
    assert body == {"splits": [{"turn_id": "t2", "word": 3}]}
    (row,) = gateway.store.list_corrections(call_id)
    assert (row.after or "").split("\n")[1].startswith(items[3]["content"])
    expect(visit.page.locator(".editor")).to_have_count(0)
    finish(gateway, call_id, RESULT)
    visit.page.get_by_role("status").filter(has_text="at work").wait_for(state="detached")
    editor = edit(visit.page, "t2")
    body = sent(visit, editor.get_by_role("button", name="Join with t3").click)
    assert body == {"merges": [{"turn_id": "t2", "next_turn_id": "t3"}]}
    finish(gateway, call_id, RESULT)


def test_redacted_call_is_split_and_joined_as_well(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call(options=CallOptions(redact_pii=True))
    visit.open_call(call_id)
    editor = edit(visit.page, "t2")
    editor.get_by_role("button", name="Split").click()
    sent(visit, editor.locator(".splitter .term").nth(2).click)
    finish(gateway, call_id, RESULT)
    visit.page.get_by_role("status").filter(has_text="at work").wait_for(state="detached")
    sent(visit, edit(visit.page, "t2").get_by_role("button", name="Join with t3").click)
    assert [row.kind for row in gateway.store.list_corrections(call_id)] == ["split", "merge"]
    finish(gateway, call_id, RESULT)


def test_split_where_all_of_a_turn_is_hidden_is_refused_with_words(visit: Visit, gateway: Gateway) -> None:
    turn = RESULT["transcript"][1]
    hidden = {
        "kind": "PHONE",
        "begin_offset_ms": turn["begin_offset_ms"],
        "end_offset_ms": turn["end_offset_ms"],
    }
    turns = [{**each, "redactions": [hidden]} if each is turn else each for each in RESULT["transcript"]]
    visit.sign_in(READ, WRITE)
    visit.open_call(gateway.add_call(result_with(transcript=turns), options=CallOptions(redact_pii=True)))
    editor = edit(visit.page, "t2")
    editor.get_by_role("button", name="Split").click()
    editor.locator(".splitter .term").nth(2).click()
    expect(
        visit.page.get_by_role("status").filter(has_text="before or after what is redacted")
    ).to_be_visible()


def test_swap_of_roles_is_in_the_history_and_undone_whole(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    sent(visit, visit.page.get_by_role("button", name="Swap agent and customer").click)
    finish(gateway, call_id, result_with(corrections=[]))
    history = visit.page.locator(".history")
    expect(history.locator("li")).to_have_count(2)
    expect(history).to_contain_text("Role spk_0")
    expect(history.locator("li").first).to_contain_text("Agent")
    with visit.page.expect_response("**/undo") as answer:
        history.get_by_role("button", name="Undo").first.click()
    assert answer.value.status == 202
    finish(gateway, call_id, RESULT)
    expect(history.locator("small", has_text="undone")).to_have_count(2)


def test_summary_is_written_anew_and_only_what_changed_is_sent(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    visit.page.get_by_role("button", name="Correct the summary").click()
    form = visit.page.locator(".summary form")
    form.get_by_label("Outcome").fill("  A refund   by Friday. ")
    form.get_by_label("Resolved").select_option(
        "unclear" if RESULT["contact_summary"]["resolved"] is None else "yes"
    )
    form.get_by_role("button", name="Add a task").click()
    form.locator(".task").last.get_by_label("To do").fill("Call back")
    form.locator(".task").last.get_by_label("due").fill("Friday")
    body = sent(visit, form.get_by_role("button", name="Save").click)["summary"]
    assert body["outcome"] == "A refund by Friday."
    assert body["action_items"][-1] == {"text": "Call back", "owner": "AGENT", "due": "Friday"}
    assert set(body) <= {"outcome", "action_items", "resolved"}
    changed = result_with()
    changed["contact_summary"] |= {"outcome": "A refund by Friday.", "corrected": ["outcome"]}
    finish(gateway, call_id, changed)
    expect(visit.page.locator(".summary dd", has_text="A refund by Friday.")).to_be_visible()
    expect(visit.page.locator(".summary .chip", has_text="corrected")).to_be_visible()


def test_names_and_roles_are_corrected(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    person = visit.page.locator(".person").first
    person.get_by_label("Name").fill("Kim Minji")
    person.get_by_label("Role").select_option("OTHER")
    body = sent(visit, person.get_by_role("button", name="Save").click)
    first = RESULT["participants"][0]["participant_id"]
    assert body == {
        "participants": [{"participant_id": first, "name": "Kim Minji"}],
        "roles": {first: "OTHER"},
    }
    finish(gateway, call_id, RESULT)


def test_history_tells_who_changed_what_and_undoes_it(visit: Visit, gateway: Gateway) -> None:
    call_id = gateway.add_call()
    gateway.store.correct_call(call_id, Corrections(words={"t2": "I am upset."}), actor="key-of-minji")
    (made,) = gateway.store.list_corrections(call_id)
    outcome = {"correction_id": made.id, "kind": "words", "participant_id": made.participant_id}
    lost = {**outcome, "status": "NOT_APPLIED", "turn_id": "", "reason": "turn_has_other_bounds"}
    finish(gateway, call_id, result_with(corrections=[lost]))
    visit.sign_in(READ, WRITE)
    visit.open_call(call_id)
    history = visit.page.locator(".history")
    expect(history).to_contain_text("I am upset.")
    expect(history).to_contain_text("key-of-minji")
    expect(history).to_contain_text("the turn begins or ends elsewhere now")
    expect(visit.page.get_by_role("status").filter(has_text="no longer fit this result: 1")).to_be_visible()
    with visit.page.expect_response("**/undo") as answer:
        visit.page.keyboard.press("z")
    assert answer.value.status == 202
    finish(gateway, call_id, RESULT)
    expect(history).to_contain_text("undone")
    expect(visit.page.get_by_role("button", name="Undo")).to_have_count(0)


def test_typed_text_stays_while_events_come_in(visit: Visit, gateway: Gateway) -> None:
    """Someone else corrects the call, it is analysed again, and this reader is at the keyboard."""
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    field = edit(visit.page, "t2").get_by_role("textbox", name="Correct")
    field.fill("")
    visit.page.keyboard.type("I am ")
    visit.page.get_by_role("button", name="Correct the summary").click()
    outcome = visit.page.locator(".summary form").get_by_label("Outcome")
    outcome.fill("half a sent")
    visit.page.locator(".person").first.get_by_label("Name").fill("Kim")
    field.focus()
    for number in range(2):
        gateway.store.correct_call(call_id, Corrections(names={"spk_0": f"Name {number}"}), actor="other")
        changed = result_with()
        changed["participants"][0]["name"] = f"Name {number}"
        changed["contact_summary"]["outcome"] = f"Outcome {number}"
        visit.page.keyboard.type("very ")
        with visit.page.expect_response("**/result"):
            finish(gateway, call_id, changed)
            visit.page.evaluate("dispatchEvent(new Event('focus'))")  # else it looks again in some seconds
        expect(visit.page.locator(".turn b", has_text=f"Name {number}").first).to_be_visible()
    visit.page.keyboard.type("upset.")
    expect(field).to_have_value("I am very very upset.")
    expect(outcome).to_have_value("half a sent")
    expect(visit.page.locator(".person").first.get_by_label("Name")).to_have_value("Kim")


def test_refused_correction_keeps_what_was_typed(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    field = edit(visit.page, "t2").get_by_role("textbox", name="Correct")
    field.fill("I am very upset.")
    gateway.store.correct_call(call_id, Corrections(names={"spk_0": "Kim"}), actor="other")
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("status").filter(has_text="wait for its end")).to_be_visible()
    expect(field).to_have_value("I am very upset.")
    finish(gateway, call_id, RESULT)
    visit.page.get_by_role("progressbar").wait_for(state="detached")
    sent(visit, lambda: field.press("Enter"))
    finish(gateway, call_id, RESULT)


def test_turn_that_is_another_after_new_recognition_is_not_overwritten(
    visit: Visit, gateway: Gateway
) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    field = edit(visit.page, "t2").get_by_role("textbox", name="Correct")
    field.fill("I am very upset.")
    gateway.store.correct_call(call_id, Corrections(merges={"t1": "t2"}), actor="other")
    visit.page.evaluate("dispatchEvent(new Event('focus'))")
    changed = result_with()
    del changed["transcript"][1]
    for number, turn in enumerate(changed["transcript"], start=1):
        turn["id"] = f"t{number}"
    finish(gateway, call_id, changed)
    expect(visit.page.get_by_role("alert").filter(has_text="another turn now")).to_be_visible()
    expect(field).to_have_value("I am very upset.")
    expect(visit.page.locator("#turn-t2 .editor").get_by_role("button", name="Save")).to_be_disabled()


@pytest.mark.parametrize("visit", ["en-GB"], indirect=True)
def test_reader_sees_no_way_to_fix(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    visit.open_call(gateway.add_call())
    for name in ("Correct the summary", "Undo", "Correct"):
        assert visit.page.get_by_role("button", name=name, exact=True).count() == 0
    assert visit.page.locator(".person").count() == 0
