"""The screens of the console, used as people use them."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from callytics.store import JobStatus
from tests.console.conftest import DELETE, READ, RESULT, WRITE, Gateway, Visit, result_with

SEEK_TOLERANCE_S = 0.15
HIGHLIGHT_TOLERANCE_S = 0.3


def test_wrong_key_says_so_and_a_right_one_signs_in(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.gateway.url)
    page.locator("#key").fill("cly_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("unknown")
    visit.sign_in(READ)
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()
    assert page.evaluate("document.cookie") == "", "no script sees the session"
    assert "cly_" not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_link_signs_in_once(visit: Visit, gateway: Gateway) -> None:
    key = gateway.store.create_api_key("link", [READ])
    link = gateway.store.create_sign_in_link(key.key.id).secret
    visit.page.goto(f"{gateway.url}/#/sign-in/{link}")
    visit.page.locator("header.bar").wait_for()
    assert link not in visit.page.url
    visit.page.get_by_role("button", name="Sign out").click()
    visit.page.goto(f"{gateway.url}/#/sign-in/{link}")
    expect(visit.page.get_by_role("alert")).to_contain_text("was used")


def test_late_answer_about_the_session_does_not_sign_out(visit: Visit, gateway: Gateway) -> None:
    """The question of a page that a link opens is sent before the link is redeemed; its answer may come after."""
    asked: list[Route] = []
    visit.page.route("**/v1/sessions/current", lambda route, _: asked.append(route))
    link = gateway.store.create_sign_in_link(gateway.store.create_api_key("late", [READ]).key.id).secret
    visit.page.goto(f"{gateway.url}/#/sign-in/{link}")
    visit.page.locator("header.bar").wait_for()
    assert len(asked) == 1
    with visit.page.expect_response("**/v1/sessions/current"):
        asked[0].fulfill(status=401, json={"code": "unauthorized"})
    visit.page.wait_for_timeout(300)
    expect(visit.page.locator("header.bar")).to_be_visible()


def test_clicked_word_is_heard_from_its_second(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    visit.open_call(gateway.add_call())
    words = visit.page.locator("[data-at]")
    for index in range(0, 80, 4):
        word = words.nth(index)
        word.click()
        visit.page.wait_for_function("() => !document.querySelector('audio').seeking")
        wanted_s = int(word.get_attribute("data-at") or -1) / 1000
        assert abs(visit.current_time_s() - wanted_s) <= SEEK_TOLERANCE_S, index


def test_heard_word_is_marked_while_the_sound_plays(visit: Visit, gateway: Gateway) -> None:
    """Twenty looks at a call that plays: the marked word is that of the second, or the sound is between two words."""
    visit.sign_in(READ)
    visit.open_call(gateway.add_call())
    visit.page.get_by_role("button", name="Play").click()
    looks = visit.page.evaluate(
        """async () => {
            const looks = [];
            for (let i = 0; i < 20; i += 1) {
                await new Promise((done) => setTimeout(done, 250));
                const word = document.querySelector(".heard");
                const heard = document.querySelector("audio").currentTime;
                looks.push([heard, word ? word.dataset.at / 1000 : null]);
            }
            return looks;
        }"""
    )
    times = sorted(
        (item["begin_offset_ms"] / 1000, item["end_offset_ms"] / 1000)
        for turn in RESULT["transcript"]
        for item in turn["items"]
    )
    assert looks[-1][0] > looks[0][0] + 2
    marked = [look for look in looks if look[1] is not None]
    assert len(marked) >= 10
    for heard_s, begin_s in marked:
        end_s = next(end for begin, end in times if begin == begin_s)
        assert begin_s - HIGHLIGHT_TOLERANCE_S <= heard_s <= end_s + HIGHLIGHT_TOLERANCE_S
    for heard_s, _ in (look for look in looks if look[1] is None):
        assert not any(
            begin + HIGHLIGHT_TOLERANCE_S < heard_s < end - HIGHLIGHT_TOLERANCE_S for begin, end in times
        )


def test_evidence_leads_to_its_turn(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    visit.open_call(gateway.add_call())
    evidence = visit.page.locator(".findings .evidence").first
    turn_id = evidence.inner_text()
    evidence.click()
    expect(visit.page.locator(f"#turn-{turn_id}")).to_have_attribute("aria-current", "true")
    turn = next(turn for turn in RESULT["transcript"] if turn["id"] == turn_id)
    visit.page.wait_for_function("() => !document.querySelector('audio').seeking")
    assert abs(visit.current_time_s() - turn["begin_offset_ms"] / 1000) <= SEEK_TOLERANCE_S


def test_address_with_a_second_opens_there(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(), "?at=33.2")
    visit.page.wait_for_function("() => document.querySelector('audio').currentTime > 33")
    expect(visit.page.locator(".turn[aria-current]")).to_contain_text("refund")
    assert abs(visit.current_time_s() - 33.2) <= SEEK_TOLERANCE_S


def test_correction_is_sent_and_shown(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ, WRITE)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    visit.page.locator("#turn-t2").hover()
    visit.page.locator("#turn-t2 .edit").click()
    visit.page.get_by_role("textbox", name="Correct").fill("I am very upset.")
    with visit.page.expect_response(lambda answer: answer.request.method == "PATCH") as answer:
        visit.page.keyboard.press("Enter")
    assert answer.value.status == 200
    (correction,) = gateway.store.list_corrections(call_id)
    assert correction.after == "I am very upset."
    lease = gateway.store.lease("worker", 60.0)  # what depends on the words runs again
    assert lease is not None
    changed = copy.deepcopy(RESULT)
    changed["transcript"][1] |= {"content": "I am very upset.", "items": []}
    body = json.dumps({**changed, "call_id": call_id}).encode()
    gateway.store.complete(call_id, lease.token, JobStatus.COMPLETED, body)
    expect(visit.page.locator("#turn-t2 p")).to_have_text("I am very upset.")


@pytest.mark.parametrize("visit", ["en-GB"], indirect=True)
def test_what_a_key_may_not_do_has_no_button(visit: Visit, gateway: Gateway) -> None:
    visit.sign_in(READ)
    call_id = gateway.add_call()
    visit.open_call(call_id)
    assert visit.page.locator(".edit").count() == 0
    assert visit.page.get_by_role("button", name="Swap agent and customer").count() == 0
    visit.page.goto(f"{gateway.url}/#/calls")
    visit.page.locator("tbody tr").first.wait_for()
    assert visit.page.get_by_role("button", name="Upload").count() == 0
    assert visit.page.get_by_role("checkbox").count() == 0
    status = visit.page.evaluate(
        """async (id) => {
            const headers = { "X-Callytics-Console": "1" };
            return (await fetch(`/v1/calls/${id}`, { method: "DELETE", headers })).status;
        }""",
        call_id,
    )
    assert status == 403


def test_tenants_see_their_own_calls_only(visit: Visit, gateway: Gateway) -> None:
    theirs = gateway.add_call(tenant="alpha", filename="of-alpha.wav")
    gateway.add_call(tenant="beta", filename="of-beta.wav")
    visit.sign_in(READ, tenant="beta")
    visit.page.get_by_role("link", name="of-beta.wav").wait_for()
    assert "of-alpha" not in visit.page.content()
    visit.page.goto(f"{gateway.url}/#/calls/{theirs}")
    expect(visit.page.get_by_role("status")).to_contain_text("There is no call")


def test_search_shows_the_place_and_leads_there(visit: Visit, gateway: Gateway) -> None:
    gateway.add_call(tenant="search", filename="found.wav")
    visit.sign_in(READ, tenant="search")
    visit.page.locator("tbody tr").first.wait_for()
    visit.page.keyboard.press("/")
    visit.page.keyboard.type("refund")
    visit.page.locator(".match mark").first.wait_for()
    assert visit.page.locator(".match mark").first.inner_text().lower().startswith("refund")
    visit.page.locator(".match").first.click()
    expect(visit.page.locator(".turn[aria-current] mark").first).to_be_visible()
    visit.page.wait_for_function("() => document.querySelector('audio').currentTime > 5")


def test_call_is_found_opened_heard_and_left_by_keyboard_alone(visit: Visit, gateway: Gateway) -> None:
    gateway.add_call(tenant="keys")
    visit.sign_in(READ, tenant="keys")
    visit.page.locator("tbody tr").first.wait_for()
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press("Enter")
    visit.page.locator(".turn [data-at]").first.wait_for()
    visit.page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    visit.page.keyboard.press("j")
    expect(visit.page.locator("#turn-t2")).to_have_attribute("aria-current", "true")
    visit.page.keyboard.press("Space")
    visit.page.wait_for_function("() => !document.querySelector('audio').paused")
    visit.page.keyboard.press("Space")
    visit.page.wait_for_function("() => document.querySelector('audio').paused")
    visit.page.keyboard.press("]")
    assert visit.page.evaluate("document.querySelector('audio').playbackRate") == 1.25
    visit.page.keyboard.press("?")
    expect(visit.page.get_by_role("dialog")).to_be_visible()
    visit.page.keyboard.press("Escape")
    visit.page.keyboard.press("Escape")
    visit.page.locator("table.calls").wait_for()


def test_upload_tells_what_became_of_each_file(visit: Visit, gateway: Gateway, tmp_path: Path) -> None:
    from tests.api.conftest import wav_bytes

    good, bad = tmp_path / "통화.wav", tmp_path / "notes.txt"
    good.write_bytes(wav_bytes(1.0))
    bad.write_text("This is no recording.")
    visit.sign_in(READ, WRITE, tenant="uploads")
    visit.page.set_input_files("input[type=file]", [good, bad])
    expect(visit.page.locator(".uploads li", has_text="통화.wav")).to_contain_text("uploaded")
    expect(visit.page.locator(".uploads li", has_text="notes.txt")).to_contain_text("refused")
    expect(visit.page.locator("tbody tr")).to_have_count(1)
    expect(visit.page.locator("tbody .status")).to_contain_text("waiting")
    for waiting in gateway.store.call_ids():
        if gateway.store.get_call(waiting).status is JobStatus.QUEUED:
            gateway.store.delete_call(waiting)


@pytest.mark.parametrize(("visit", "words"), [("ko-KR", "통화"), ("en-GB", "Calls")], indirect=["visit"])
def test_console_speaks_the_language_of_the_browser(visit: Visit, words: str) -> None:
    visit.sign_in(READ)
    expect(visit.page.get_by_role("heading", name=words)).to_be_visible()
    other = "English" if words == "통화" else "한국어"
    visit.page.get_by_role("button", name=other).click()
    expect(visit.page.get_by_role("heading", name="Calls" if words == "통화" else "통화")).to_be_visible()
    expect(visit.page.locator("html")).to_have_attribute("lang", "en" if words == "통화" else "ko")


def test_hostile_words_are_words(visit: Visit, gateway: Gateway) -> None:
    attack = (
        "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>\u202e\u0007"
    )
    hostile = result_with()
    hostile["transcript"][0] |= {"content": attack, "items": []}
    hostile["transcript"][1]["items"][0]["content"] = attack
    hostile["contact_summary"]["issue"] = attack
    hostile["contact_summary"]["topic"] = "constructor"
    hostile["participants"][0]["name"] = attack
    hostile["flags"] = [{"code": "x", "message": attack}]
    visit.sign_in(READ)
    visit.open_call(gateway.add_call(hostile, filename=attack[:100]))
    expect(visit.page.locator("#turn-t1 p")).to_contain_text("<img src=x")
    assert visit.page.locator("img[src=x], #app script").count() == 0
    assert visit.page.title() == "Calls – Callytics"
    expect(visit.page.locator(".findings")).to_contain_text("constructor")


def test_ten_thousand_turns_are_shown_in_time(visit: Visit, gateway: Gateway) -> None:
    turn = RESULT["transcript"][1]
    many = [
        {**turn, "id": f"t{i}", "begin_offset_ms": i * 400, "end_offset_ms": i * 400 + 390}
        for i in range(10_000)
    ]
    visit.sign_in(READ)
    call_id = gateway.add_call(result_with(transcript=many))
    visit.open_call(call_id)
    expect(visit.page.locator(".turn")).to_have_count(10_000)  # those below come a moment later
    assert visit.page.locator("[data-at]").count() < 3_000, "only the turns in sight have words"


def test_server_that_is_away_is_said_and_the_page_comes_back_by_itself(
    visit: Visit, gateway: Gateway
) -> None:
    gateway.add_call(tenant="away")
    visit.sign_in(READ, tenant="away")
    visit.page.locator("tbody tr").first.wait_for()
    with gateway.away():
        visit.page.locator("input[type=search]").fill("refund")
        expect(visit.page.get_by_role("status")).to_contain_text("does not answer")
    visit.page.locator(".match").first.wait_for()


def test_session_that_ended_leads_to_signing_in(visit: Visit, gateway: Gateway) -> None:
    issued = gateway.store.create_api_key("short", [READ])
    visit.gateway.keys["default:short"] = issued.secret
    visit.sign_in("short")
    gateway.store.revoke_api_key(issued.key.id)
    visit.page.locator("input[type=search]").fill("x")
    expect(visit.page.locator("#key")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("visit", ["en-GB", "ko-KR"], indirect=True)
def test_screens_have_no_serious_barrier(visit: Visit, gateway: Gateway, scheme: str) -> None:
    """WCAG 2.2 AA, as far as axe sees."""
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    call_id = gateway.add_call()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    options = {"runOnly": {"type": "tag", "values": tags}}
    visit.page.goto(visit.gateway.url)
    visit.page.locator("#key").wait_for()
    found = {"sign-in": Axe().run(visit.page, options=options).response["violations"]}
    visit.sign_in(READ, WRITE, DELETE)
    for screen in ("calls", f"calls/{call_id}", "stages"):
        visit.page.goto(f"{gateway.url}/#/{screen}")
        visit.page.locator("tbody tr, .turn").first.wait_for()
        found[screen] = Axe().run(visit.page, options=options).response["violations"]
    serious = {
        f"{screen}: {one['id']}: {one['nodes'][0]['html'][:200]}"
        for screen, all_found in found.items()
        for one in all_found
        if one["impact"] in ("serious", "critical")
    }
    assert serious == set()


@pytest.mark.parametrize("width", [360, 3840])
def test_screens_fit(visit: Visit, gateway: Gateway, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 800})
    call_id = gateway.add_call()
    visit.sign_in(READ, WRITE)
    for screen in ("calls", f"calls/{call_id}", "stages"):
        visit.page.goto(f"{gateway.url}/#/{screen}")
        visit.page.locator("tbody tr, .turn").first.wait_for()
        wide = visit.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, screen
