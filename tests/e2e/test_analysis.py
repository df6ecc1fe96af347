"""A real recording through the real graph over HTTP."""

from __future__ import annotations

import base64
import io
import json
import time
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import openai
from openai.types.audio import TranslationVerbose

from callytics.config import ENGINE_STAGES, load_stages
from callytics.domain import CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.pipeline import InProcess
from deployments.operations import local
from tests.e2e.conftest import PROJECT, SAMPLE, Graph


def test_every_application_is_healthy(graph: Graph) -> None:
    status = local.status(home=graph.home)
    assert status.healthy
    names = {application.name for application in status.applications}
    assert names == {*ENGINE_STAGES, "database-service", "monitoring", "call-pipeline", "api-gateway"}
    assert all(application.healthy_replicas == 1 for application in status.applications)


def test_the_sample_call_is_understood(graph: Graph, sample_call: str) -> None:
    result = graph.result(sample_call)
    assert result["call_id"] == sample_call
    assert result["language_code"] == "en"
    roles = [(p["participant_role"], p["role_source"]) for p in result["participants"]]
    assert sorted(roles) == [("AGENT", "channel"), ("CUSTOMER", "channel")]
    assert heard_share(result) > 0.8
    assert {turn["sentiment"] for turn in result["transcript"]} <= {"POSITIVE", "NEUTRAL", "NEGATIVE"}
    assert result["conversation_characteristics"]["total_conversation_duration_ms"] > 30_000
    stages = {stage["name"]: stage for stage in result["job_details"]["stages"]}
    configured = load_stages(graph.config)
    assert {name: stage["engine"] for name, stage in stages.items()} == {
        n: c.engine for n, c in configured.items()
    }
    assert {n: s["config_hash"] for n, s in stages.items()} == {
        n: c.config_hash for n, c in configured.items()
    }
    assert all(stage["model"] and stage["duration_ms"] >= 0 for stage in stages.values())


def heard_share(result: dict[str, Any]) -> float:
    """How much of the vocabulary of the sample's script was recognised."""
    script = json.loads((PROJECT / "sample" / "script.json").read_text(encoding="utf-8"))
    said = _words(" ".join(line["text"] for line in _lines(script)))
    heard = _words(" ".join(turn["content"] for turn in result["transcript"]))
    return len(said & heard) / len(said)


def _lines(script: Any) -> list[dict[str, Any]]:
    if isinstance(script, dict):
        return next(value for value in script.values() if isinstance(value, list) and "text" in value[0])
    return list(script)


def _words(text: str) -> set[str]:
    return {
        word for word in "".join(c if c.isalpha() else " " for c in text.lower()).split() if len(word) > 3
    }


def test_in_process_gives_the_same_report(graph: Graph, sample_call: str) -> None:
    """One graph, two interpreters: what the engines find does not depend on who runs them."""
    served = graph.result(sample_call)
    analyse = InProcess(load_stages(graph.config))
    local_result = analyse(Recording(sample_call, str(SAMPLE)), CallOptions()).model_dump(mode="json")
    assert comparable(local_result) == comparable(served)


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """Without what may differ: how long the stages took and how often they were tried, and what the API adds."""
    kept = {name: value for name, value in result.items() if name not in ("metadata", "job_details")}
    of_stage = ("name", "status", "engine", "model", "model_revision", "config_hash")
    stages = result["job_details"]["stages"]
    errors = result["job_details"]["errors"]
    document = kept | {
        "stages": [{name: stage[name] for name in of_stage} for stage in stages],
        "errors": errors,
    }
    return json.loads(json.dumps(document), parse_float=lambda text: f"{float(text):.6f}")  # type: ignore[no-any-return]


def test_corrected_word_is_in_the_result_soon_and_nothing_listens_again(graph: Graph) -> None:
    """A call of its own, so that others find the sample as it was recognised."""
    call_id = graph.submit(deduplicate="false")
    graph.wait(call_id)
    before = graph.result(call_id)
    recognized_ms = graph.stage(call_id, "speech-recognizer")["duration_ms"]
    turn = max(before["transcript"], key=lambda turn: len(turn["items"]))
    text = turn["content"].replace(turn["content"].split()[1], "Quetzalcoatl", 1)
    body = {
        "turns": [{"turn_id": turn["id"], "content": text}],
        "participants": [{"participant_id": turn["participant_id"], "name": "Kim Minji"}],
    }
    start_s = time.monotonic()
    assert graph.http.patch(f"/v1/calls/{call_id}", json=body).status_code == 200
    graph.wait(call_id)
    assert time.monotonic() - start_s <= 5.0
    after = graph.result(call_id)
    corrected = next(each for each in after["transcript"] if each["id"] == turn["id"])
    assert (corrected["content"], corrected["content_raw"]) == (text, turn["content_raw"])
    assert [item["content"] for item in corrected["items"] if item["corrected"]] == ["Quetzalcoatl"]
    assert [each["status"] for each in after["corrections"]] == ["APPLIED", "APPLIED"]
    others = [each["content"] for each in after["transcript"] if each["id"] != turn["id"]]
    assert others == [each["content"] for each in before["transcript"] if each["id"] != turn["id"]]
    ran_again = graph.http.get(f"/v1/calls/{call_id}/events").text.rsplit("event: call.corrected", 1)[1]
    assert {
        json.loads(line.removeprefix("data: "))["stage"]
        for event, line in pairwise(ran_again.splitlines())
        if event == "event: stage.completed"
    } == {"sentiment-analyzer", "llm-analyzer"}
    assert recognized_ms == graph.stage(call_id, "speech-recognizer")["duration_ms"]
    found = graph.http.get("/v1/calls", params={"q": "Quetzalcoatl"}).json()["calls"]
    assert [each["call_id"] for each in found] == [call_id]
    for name in ("txt", "srt", "vtt"):
        shown = graph.http.get(f"/v1/calls/{call_id}/transcript", params={"format": name}).text
        assert "Quetzalcoatl" in shown
        assert "Kim Minji" in shown
    assert graph.http.delete(f"/v1/calls/{call_id}").status_code == 204


def test_transcript_in_another_format(graph: Graph, sample_call: str) -> None:
    text = graph.http.get(f"/v1/calls/{sample_call}/transcript", params={"format": "srt"}).text
    assert text.startswith("1\n00:00:")


def test_the_recording_converted(graph: Graph, sample_call: str) -> None:
    answer = graph.http.get(f"/v1/calls/{sample_call}/audio", params={"format": "wav"})
    assert answer.status_code == 200
    assert answer.content[:4] == b"RIFF"


def test_events_tell_the_stages(graph: Graph, sample_call: str) -> None:
    with graph.http.stream("GET", f"/v1/calls/{sample_call}/events") as stream:
        seen = []
        for line in stream.iter_lines():
            if line.startswith("event:"):
                seen.append(line.partition(":")[2].strip())
            if seen and seen[-1] == "call.completed":
                break
    assert seen.count("stage.completed") == len(ENGINE_STAGES)
    assert seen.index("call.started") < seen.index("stage.running") < seen.index("stage.completed")


def test_bad_file_is_a_clear_problem_and_leaves_nothing(graph: Graph, tmp_path: Path) -> None:
    before = graph.http.get("/v1/calls").json()
    blobs = sorted(graph.home.glob("blobs/calls/*"))
    for content, status, code in (
        (b"", 422, "media_empty"),
        (b"not a recording" * 100, 415, "media_undecodable"),
    ):
        bad = tmp_path / "bad.wav"
        bad.write_bytes(content)
        with bad.open("rb") as file:
            answer = graph.http.post("/v1/calls", files={"file": ("../../bad.wav", file)})
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["code"] == code
        assert "Traceback" not in answer.text
    assert graph.http.get("/v1/calls").json() == before
    assert sorted(graph.home.glob("blobs/calls/*")) == blobs


def test_the_openai_client(graph: Graph) -> None:
    key = (graph.home / "api-key").read_text().strip()
    client = openai.OpenAI(base_url=f"{graph.run.url}/v1", api_key=key, timeout=180)
    with SAMPLE.open("rb") as file:
        transcription = client.audio.transcriptions.create(model="callytics", file=file, language="en")
    assert len(transcription.text.split()) > 80


def test_the_openai_client_streams_and_names_known_speakers(graph: Graph) -> None:
    """The sample's agent, by a clip of the recording itself; its customer stays what their channel says."""
    key = (graph.home / "api-key").read_text().strip()
    client = openai.OpenAI(base_url=f"{graph.run.url}/v1", api_key=key, timeout=180)
    events = []
    with SAMPLE.open("rb") as file:
        for event in client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize",
            file=file,
            language="en",
            response_format="diarized_json",
            stream=True,
            known_speaker_names=["Minji"],
            known_speaker_references=[agent_clip()],
        ):
            events.append(event)
    segments = [event for event in events if event.type == "transcript.text.segment"]
    assert {segment.speaker for segment in segments} == {"Minji", "customer"}
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert "".join(deltas) == events[-1].text
    assert len(events[-1].text.split()) > 80
    assert graph.http.get("/v1/calls", params={"status": "IN_PROGRESS"}).json()["calls"] == []


def agent_clip() -> str:
    """Clip of the longest turn of the agent (channel 0), six seconds at most, as a data URL."""
    turns = json.loads((SAMPLE.parent / "reference.json").read_text(encoding="utf-8"))["turns"]
    longest = max(
        (turn for turn in turns if turn["role"].upper() == "AGENT"),
        key=lambda turn: turn["end_s"] - turn["start_s"],
    )
    pcm = StandardAudioProcessor()(Recording("sample", str(SAMPLE)), CallOptions()).pcm
    end_s = min(longest["end_s"], longest["start_s"] + 6.0)
    samples = pcm.samples(0, round(longest["start_s"] * 16_000), round(end_s * 16_000))
    clip = io.BytesIO()
    with wave.open(clip, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return "data:audio/wav;base64," + base64.b64encode(clip.getvalue()).decode()


def test_the_openai_client_translates(graph: Graph) -> None:
    key = (graph.home / "api-key").read_text().strip()
    client = openai.OpenAI(base_url=f"{graph.run.url}/v1", api_key=key, timeout=180)
    with SAMPLE.open("rb") as file:
        answer = client.audio.translations.create(
            model="whisper-1", file=file, response_format="verbose_json", prompt="invoice"
        )
    assert isinstance(answer, TranslationVerbose)
    assert answer.language == "english"
    assert len(answer.text.split()) > 80
    assert answer.segments is not None
    assert all(segment.avg_logprob < 0.0 for segment in answer.segments)
    assert all(0.0 <= segment.no_speech_prob < 0.6 for segment in answer.segments)


def test_key_is_needed_and_health_is_open(graph: Graph) -> None:
    assert httpx.get(f"{graph.run.url}/v1/calls").status_code == 401
    assert httpx.get(f"{graph.run.url}/healthz").status_code == 200
    assert httpx.get(f"{graph.run.url}/readyz").status_code == 200


def test_monitoring_shows_every_stage(graph: Graph, sample_call: str) -> None:
    document = graph.http.get("/v1/stages").json()
    stages = {stage["name"]: stage for stage in document.get("stages", document.get("data", []))}
    assert set(ENGINE_STAGES) < set(stages)
    recognizer = stages["speech-recognizer"]
    assert recognizer["healthy"]
    assert recognizer["status"] == "RUNNING"
    assert recognizer["replicas"] == 1
    assert recognizer["engine"] == load_stages(graph.config)["speech-recognizer"].engine
    assert recognizer["model"]
