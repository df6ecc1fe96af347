"""The files of the console: public, under a strict policy, whole in both languages, and of nowhere else."""

from __future__ import annotations

import gzip
import re

import httpx
import pytest

from callytics.api import Services, create_app
from callytics.api.console import FOLDER

pytestmark = pytest.mark.anyio

FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
OWN_SCRIPTS = [path for path in FILES if path.suffix == ".js"]
MAX_BYTES = 250_000


@pytest.fixture
async def stranger(services: Services):  # type: ignore[no-untyped-def]
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_every_file_is_served_under_the_strict_policy(stranger: httpx.AsyncClient) -> None:
    assert len(FILES) >= 15
    for path in ["/", *(f"/console/{path.relative_to(FOLDER)}" for path in FILES)]:
        answer = await stranger.get(path)
        policy = answer.headers["content-security-policy"]
        assert (answer.status_code, "unsafe" in policy, "default-src 'none'" in policy) == (
            200,
            False,
            True,
        ), path


@pytest.mark.parametrize(
    "name",
    ["../api/app.py", "%2e%2e/errors.py", "..%2ferrors.py", "vendor", "", "screens/none.js", "//etc/passwd"],
)
async def test_nothing_else_is_served(stranger: httpx.AsyncClient, name: str) -> None:
    assert (await stranger.get(f"/console/{name}")).status_code in (401, 404)


async def test_unchanged_file_is_not_sent_again(stranger: httpx.AsyncClient) -> None:
    first = await stranger.get("/console/style.css")
    assert first.headers["cache-control"] == "no-cache"
    again = await stranger.get("/console/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_page_has_nothing_inline_and_nothing_of_another_server() -> None:
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    for path in FILES:
        if path.name.endswith("LICENSE.txt"):
            continue
        found = set(re.findall(r"https?://[\w.]+", path.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org"}, path  # namespaces of SVG and MathML


def test_imports_lead_to_files() -> None:
    for path in OWN_SCRIPTS:
        for target in re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8")):
            assert (path.parent / target).is_file(), (path.name, target)


def test_every_module_is_asked_for_at_once() -> None:
    """Else a browser learns of it only after it has read the module that imports it, five times in a row."""
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    modules = {f"/console/{path.relative_to(FOLDER)}" for path in FILES if path.suffix in (".js", ".mjs")}
    assert set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)) == modules - {
        "/console/app.js"
    }


def words(language: str) -> dict[str, str]:
    text = (FOLDER / "text.js").read_text(encoding="utf-8")
    block = re.search(rf"^const {language} = {{(.*?)^}};", text, re.MULTILINE | re.DOTALL)
    assert block
    return dict(re.findall(r'(\w+): "([^"]*)"', block[1]))


def test_both_languages_have_every_word() -> None:
    english, korean = words("EN"), words("KO")
    assert len(english) > 80
    assert english.keys() == korean.keys()
    for name in english:
        assert set(re.findall(r"{\w+}", english[name])) == set(re.findall(r"{\w+}", korean[name])), name
    assert not [name for name, text in korean.items() if not re.search("[가-힣]", text)]


def test_fields_keep_what_is_typed() -> None:
    """A re-render writes ``value`` back into an input: what is typed has to be in a state (parts/typed.js)."""
    fields = [
        field
        for path in OWN_SCRIPTS
        for field in re.findall(r"<(?:input|textarea)\b.*?/>", path.read_text(encoding="utf-8"), re.DOTALL)
        if " value=" in field
    ]
    assert len(fields) > 5
    assert [field for field in fields if "onInput=" not in field and 'type="range"' not in field] == []


def test_every_word_that_a_screen_uses_is_there() -> None:
    used = {
        word for path in OWN_SCRIPTS for word in re.findall(r'\bt\("(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(used) > 50
    assert used <= words("EN").keys()


CODES_OF_PROGRAMS = {
    "agent_channel_unknown",
    "audio_format_unknown",
    "bad_request",
    "code_refused",
    "diarized_json_needed",
    "encoding_unknown",
    "field_not_text",
    "field_not_utf8",
    "field_too_large",
    "fields_too_large",
    "flow_used",
    "format_unknown",
    "idempotency_key_reused",
    "invalid_value",
    "issuer_differs",
    "issuer_refused",
    "known_speakers_invalid",
    "language_unknown",
    "logprobs_unsupported",
    "method_not_allowed",
    "model_not_found",
    "multipart_expected",
    "nonce_invalid",
    "option_invalid",
    "range_not_satisfiable",
    "state_invalid",
    "stream_unsupported",
    "subject_differs",
    "tenant_invalid",
    "time_zone_unknown",
    "token_invalid",
    "token_without_tenant",
    "too_many_fields",
    "transcription_cancelled",
    "transcription_timeout",
    "translation_unsupported",
    "validation_failed",
    "verbose_json_needed",
    "written_without_times",
}
"""No request of the console is answered so, or the console has words of its own for it."""


def test_refusals_are_said_in_korean_too() -> None:
    """Every code of the API is one that a person in the console may meet, and has Korean words, or is of programs."""
    document = (FOLDER.parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
    table = document.partition("All codes of the API, by status")[2].partition("\n## ")[0]
    codes = {
        code
        for row in re.findall(r"^\| \d{3}.*$", table, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", row)
    }
    block = re.search(
        r"^const KO = {(.*?)^};",
        (FOLDER / "problems.js").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert block
    korean = dict(re.findall(r'^  (\w+): "([^"]*)"', block[1], re.MULTILINE))
    assert len(codes) > 80
    assert codes - CODES_OF_PROGRAMS <= korean.keys()
    assert not CODES_OF_PROGRAMS & korean.keys()
    assert not [code for code, text in korean.items() if not re.search("[가-힣]", text)]


def test_codes_of_a_result_have_words() -> None:
    """As docs/result.md names them: kinds of lapses, states of criteria, reasons why speech was dropped."""
    document = (FOLDER.parents[1] / "docs" / "result.md").read_text(encoding="utf-8")
    kinds = re.search(r"^\| `kind` \| string \| (`swearing`.*) \|$", document, re.MULTILINE)
    assert kinds
    lapses = set(re.findall(r"`(\w+)`", kinds[1]))
    assert len(lapses) > 10
    assert {f"lapse_{kind}" for kind in lapses} <= words("EN").keys()
    states = re.search(r"^\| `state` \| string \| (.*) \|$", document, re.MULTILINE)
    assert states
    assert set(re.findall(r"`(\w+)`", states[1])) <= words("EN").keys()
    reasons = re.search(
        r"^\| `reason` \| string \| Why it was dropped\. Values: (.*) \|$", document, re.MULTILINE
    )
    assert reasons
    assert {f"dropped_{reason}" for reason in re.findall(r"`(\w+)`", reasons[1])} <= words("EN").keys()


def test_console_is_small() -> None:
    assert sum(len(gzip.compress(path.read_bytes())) for path in FILES if path.suffix != ".txt") < MAX_BYTES
