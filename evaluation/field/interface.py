"""The situations about what is around the sound: metadata, search, exports, clients of OpenAI, forms."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callytics.result.formats import export
from evaluation.field import answers, judges
from evaluation.field.inputs import Inputs
from evaluation.field.judges import Problems
from evaluation.field.recordings import Tried
from evaluation.field.service import Service

MARKS = ("=1+1 <b>AT&T</b> a --> b", "1\n00:00:01,000 --> 00:00:02,000\nfalse", '@SUM "quoted", comma')
FOUND = ("심폐소생술", "심폐 소생", "신청", "휴일이", "휴일을", "인터넷에서", "소생술은")
NOT_FOUND = ("환불", "휴가를", "신청서")


def excel(service: Service, inputs: Inputs) -> Tried:
    call_id, result = service.analysed(inputs["ko_st.wav"], language="ko")
    answer = service.request("GET", f"/v1/calls/{call_id}/transcript", params={"format": "csv"})
    return Tried(judges.heard(result)[:80], answers.excel_csv(answer.content))


def other_metadata(service: Service, inputs: Inputs) -> Tried:
    first, second = f"FC-{uuid.uuid4()}", f"FC-{uuid.uuid4()}"
    seen = []
    for metadata in ({"external_id": first}, {"external_id": second, "agent_id": "lee"}):
        fields = {"metadata": json.dumps(metadata), "deduplicate": "true"}
        answer = service.upload(inputs["en_agent.wav"], **fields)
        seen.append(f"{answer.status_code}")
        if answer.status_code == 202:
            service.ended(answer.json()["call_id"])
    problems: Problems = []
    for external_id, agent in ((first, None), (second, "lee")):
        calls = _listed(service, external_id=external_id)
        if len(calls) != 1 or calls[0]["metadata"].get("agent_id") != agent:
            problems.append(
                f"{len(calls)} calls with the external_id of upload {1 + (external_id == second)}"
            )
    return Tried(", ".join(seen), problems)


def by_date(service: Service, inputs: Inputs) -> Tried:
    mark = str(uuid.uuid4())
    metadata = json.dumps({"started_at": "2025-03-02T09:30:00+09:00", "external_id": mark})
    answer = service.upload(inputs["en_agent.wav"], metadata=metadata)
    call_id = answer.json()["call_id"]
    service.ended(call_id)
    ranges = {"on its day": ("2025-03-02", "2025-03-03"), "on the day after": ("2025-03-03", "2025-03-04")}
    found = {
        name: [
            call["call_id"]
            for call in _listed(
                service,
                external_id=mark,
                started_from=f"{first}T00:00:00+09:00",
                started_before=f"{last}T00:00:00+09:00",
            )
        ]
        for name, (first, last) in ranges.items()
    }
    problems = answers.finds({"on its day": found["on its day"]}, call_id)
    return Tried("", problems + answers.finds_not({"on the day after": found["on the day after"]}, call_id))


def korean_search(service: Service, inputs: Inputs) -> Tried:
    call_id, result = service.analysed(inputs["ko_st.wav"], language="ko")
    found = {query: [call["call_id"] for call in _listed(service, q=query)] for query in (*FOUND, *NOT_FOUND)}
    problems = answers.finds({query: found[query] for query in FOUND}, call_id)
    problems += answers.finds_not({query: found[query] for query in NOT_FOUND}, call_id)
    return Tried(judges.heard(result), problems)


def granularities(service: Service, inputs: Inputs) -> Tried:
    problems: Problems = []
    for name in ("timestamp_granularities", "timestamp_granularities[0]", "timestamp_granularities[]"):
        answer = _transcription(service, inputs, {name: "word", "response_format": "verbose_json"})
        if answer[0] != 400:  # refused is right as well; ignored is not
            problems += answers.status(answer[0], 200, what=name) + answers.has_words(answer[1], name)
    return Tried("", problems)


def segment_fields(service: Service, inputs: Inputs) -> Tried:
    status, answer = _transcription(service, inputs, {"response_format": "verbose_json"})
    return Tried(
        str(answer.get("text", ""))[:80], answers.status(status, 200) + answers.whole_segments(answer)
    )


def languages(service: Service, inputs: Inputs) -> Tried:
    problems: Problems = []
    for value in ("", "en", "EN", "en-US", "english"):
        answer = service.upload(inputs["en_agent.wav"], language=value)
        problems += answers.status(answer.status_code, 202, what=f"language={value!r}")
        if answer.status_code == 202:
            call_id = answer.json()["call_id"]
            service.ended(call_id)
            code = service.result(call_id)["language_code"]
            problems += [] if code == "en" else [f"language={value!r}: heard as {code}"]
    for name in ("num_speakers", "agent_channel"):
        answer = service.upload(inputs["en_agent.wav"], **{name: ""})
        problems += answers.status(answer.status_code, 202, what=f"{name} empty")
    refused = service.upload(inputs["en_agent.wav"], language="klingon")
    problems += answers.status(refused.status_code, 422, what="language='klingon'")
    named = "639" in refused.text or ("ko" in refused.text and "en" in refused.text)
    problems += [] if named else ["the refusal names neither ISO 639-1 nor its codes"]
    return Tried("", problems)


def cues(service: Service, inputs: Inputs) -> Tried:
    problems: Problems = []
    for name, language in (("f19_long.wav", "en"), ("ko_st.wav", "ko")):
        call_id, _ = service.analysed(inputs[name], language=language)
        for kind in ("srt", "vtt"):
            answer = service.request("GET", f"/v1/calls/{call_id}/transcript", params={"format": kind})
            problems += [f"{name} {kind}: {problem}" for problem in answers.readable_cues(answer.text)]
    return Tried("", problems)


def file_names(service: Service, inputs: Inputs) -> Tried:
    encoded = "filename*=UTF-8''%EC%83%81%EB%8B%B4.wav"
    problems: Problems = []
    for how in (encoded, f'filename="__.wav"; {encoded}'):
        answer = _raw(service, inputs, f'form-data; name="file"; {how}')
        problems += answers.status(answer[0], 202, what=how)
        problems += answers.is_named(answer[1].get("filename", ""), "상담.wav", how)
    return Tried("", problems)


def escaping(service: Service, inputs: Inputs) -> Tried:
    _, result = service.analysed(inputs["en_st.wav"])
    turns = [
        turn | {"content": text, "items": [], "sentences": []}
        for turn, text in zip(result["transcript"], MARKS, strict=False)
    ]
    marked = result | {"transcript": turns}
    vtt, srt, table = (export(marked, kind) for kind in ("vtt", "srt", "csv"))
    return Tried("", answers.escaped(vtt, srt, table))


def same_name_twice(service: Service, inputs: Inputs) -> Tried:
    """F24: two recordings of one name must not overwrite each other."""
    with tempfile.TemporaryDirectory(prefix="callytics-field-") as folder:
        paths = [Path(folder, day, "rec.wav") for day in ("mon", "tue")]
        for path in paths:
            path.parent.mkdir()
            path.write_bytes(inputs["en_agent.wav"].read_bytes())
        out = Path(folder, "out")
        command = [sys.executable, "-c", "from callytics.cli.app import app; app()"]
        command += ["analyze", "--local", "--out", str(out), *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        written = sorted(out.rglob("*.json")) if out.is_dir() else []
    said = done.stdout + done.stderr
    if done.returncode == 0 and len(written) != 2:
        return Tried(said[-80:], [f"two recordings, {len(written)} results"])
    if done.returncode != 0 and ("mon" not in said or "tue" not in said or written):
        return Tried(said[-80:], [f"refused without naming both, {len(written)} results: {said[-200:]}"])
    return Tried(said.strip()[:80], [])


def forms(service: Service, inputs: Inputs) -> Tried:
    """F30: quirks of upload forms."""
    problems: Problems = []
    names = {
        'form-data; name="file"': None,
        'form-data; name="file"; filename=""': None,
        'form-data; name="file"; filename="C:\\calls\\a.wav"': "a.wav",
        'form-data; name="file"; filename="a%22b.wav"': 'a"b.wav',
    }
    for how, name in names.items():
        status, answer = _raw(service, inputs, how, then_field=("language", "en"))
        problems += answers.status(status, 202, what=how)
        if name is not None:
            problems += answers.is_named(answer.get("filename", ""), name, how)
    status, answer = _raw(service, inputs, 'form-data; name="audio"; filename="a.wav"')
    problems += answers.status(status, 400, 422, what="the file in field audio")
    if "file" not in str(answer.get("detail", "")):
        problems.append("the refusal does not say that the file belongs in `file`")
    return Tried("", problems)


def _listed(service: Service, **filters: str) -> list[dict[str, Any]]:
    answer = service.request("GET", "/v1/calls", params={"limit": "200", **filters})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["calls"]
    return found


def _transcription(
    service: Service, inputs: Inputs, fields: Mapping[str, str]
) -> tuple[int, Mapping[str, Any]]:
    path = inputs["en_agent.wav"]
    data = {"model": "whisper-1", **fields}
    files = {"file": (path.name, path.read_bytes())}
    answer = service.request("POST", "/v1/audio/transcriptions", data=data, files=files)
    return answer.status_code, answer.json()


def _raw(
    service: Service, inputs: Inputs, disposition: str, then_field: tuple[str, str] | None = None
) -> tuple[int, Mapping[str, Any]]:
    """An upload whose part has exactly this header; the fields come after the file."""
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
    fields = [("deduplicate", "false")] + ([then_field] if then_field else [])
    rest = "".join(
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'
        for name, value in fields
    )
    body = head.encode() + inputs["en_agent.wav"].read_bytes() + f"{rest}\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = service.request("POST", "/v1/calls", content=body, headers=headers)
    return answer.status_code, answer.json()
