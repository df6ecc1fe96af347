"""``callytics eval``: writes all figures about quality, beside plain baselines, to docs/quality.md.

One analysis of a recording serves all its figures. Outputs are cached in a folder (see cache.py), so an interrupted
run can continue. The document is written at the end, as a whole.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from callytics.config import load_stages
from callytics.domain import CallOptions
from callytics.errors import InvalidRequestError, NotFoundError
from callytics.pipeline import InProcess
from callytics.settings import api_key, home
from evaluation import datasets, enhancement, silence, text
from evaluation.baselines import MODES, PlainWhisper, cache_key, silero_channels
from evaluation.cache import (
    HypothesisCache,
    TableCache,
    file_digest,
    source_digest,
    versions_digest,
)
from evaluation.claims import asked
from evaluation.claims import page as claims_page
from evaluation.datasets import LONG_CALL_S, CallSample
from evaluation.dialogues import LANGUAGES
from evaluation.diarization import score_diarization
from evaluation.field import page as field_page
from evaluation.field.inputs import make_inputs
from evaluation.field.service import InProcessService, Service
from evaluation.hypothesis import Hypothesis, SystemUnderTest
from evaluation.meaning import tone, with_model
from evaluation.meaning.page import (
    errors_of,
    measure_meaning,
    reliability_table,
    replace_section,
    section,
    table_of,
)
from evaluation.measurements import Measurements, machine, versions
from evaluation.recognition import score_call, score_clip
from evaluation.report import figure, markdown, render

PARTS = ("recognition", "diarization", "silence", "text", "enhancement", "meaning", "claims", "field")
OURS = "callytics"
OURS_KNOWN = "callytics, number known"
SILERO = "silero"
ONE_MODE = ("ii",)
"""The only mode for the long call and single sentences, because the floors refer to it: on the long call the others
add half an hour, and on single sentences, which are one window of Whisper each, the three hardly differ."""

ENHANCEMENT_CLIPS = 6
"""Sentences per language in the enhancement table, which runs every condition with every treatment."""

Item = TypeVar("Item")


class Evaluation:
    """The systems, the requested parts, and the figures so far.

    Args:
        data: the kit's folder.
        limit: maximum number of recordings per set.
    """

    def __init__(
        self,
        data: Path,
        config: Path,
        progress: Progress,
        *,
        limit: int | None = None,
        skip_long: bool = False,
        baselines: bool = True,
        cache: Path | None = None,
    ) -> None:
        stages = load_stages(config)
        self._config = config
        self.data = data
        self.measured = Measurements()
        self._progress = progress
        self._limit = limit
        self._skip_long = skip_long
        self._pipeline = InProcess(stages)
        self._system = SystemUnderTest(self._pipeline)
        self._modes = MODES if baselines else ()
        self._whisper: PlainWhisper | None = None
        self._folder = cache
        self._cache = HypothesisCache(cache)
        self._tables = TableCache(cache)
        hashes = " ".join(stage.config_hash for stage in stages.values())
        self._ours_key = f"callytics {source_digest()} {hashes}" if cache else ""

    # ------------------------------------------------------------ systems

    def _ours(self, path: Path, options: CallOptions, diarization_only: bool = False) -> Hypothesis:
        analyse = self._system.diarize if diarization_only else self._system
        key = f"{self._ours_key} {options} {diarization_only}"
        return self._cache.get(path, key, lambda: analyse(path, options))

    def _plain(self, path: Path, mode: str, language: str | None, num_channels: int) -> Hypothesis:
        def transcribe() -> Hypothesis:
            self._whisper = self._whisper or PlainWhisper()
            return self._whisper(path, mode, language, num_channels)

        return self._cache.get(path, cache_key(mode, language, num_channels), transcribe)

    # ------------------------------------------------------------ parts

    def clips(self) -> None:
        """Single sentences: recognition only."""
        for language in ("ko", "en"):
            for clip in self._each(datasets.clips(self.data, language), f"sentences, {language}"):
                options = CallOptions(language=language)
                self.measured.recognition.append(score_clip(clip, self._ours(clip.path, options), OURS))
                for mode in ONE_MODE if self._modes else ():
                    plain = self._plain(clip.path, mode, language, 1)
                    self.measured.recognition.append(score_clip(clip, plain, mode))

    def calls(self) -> None:
        """Two-party calls: words, roles, times, speakers."""
        for layout in ("stereo", "mono"):
            samples = datasets.composed_calls(self.data, layout)
            for sample in self._each(samples, f"composed calls, {layout}"):
                self._call(sample)
        for sample in self._each(datasets.real_calls(self.data), "real calls"):
            self._call(sample)

    def _call(self, sample: CallSample) -> None:
        ours = self._ours(sample.path, CallOptions(language=sample.language))
        self._score(sample, ours, OURS)
        for mode in self._modes:
            if sample.duration_s <= LONG_CALL_S or mode.id in ONE_MODE:
                plain = self._plain(sample.path, mode.id, sample.language, sample.num_channels)
                self._score(sample, plain, mode.id)
        if sample.num_channels == 2 and sample.speech and self._modes:
            self._score_speakers(sample, silero_channels(sample.path), SILERO)
        if sample.num_channels == 1 and sample.speech and sample.duration_s <= LONG_CALL_S:
            self._number_known(sample)

    def _score(self, sample: CallSample, hypothesis: Hypothesis, system: str) -> None:
        self.measured.recognition.append(score_call(sample, hypothesis, system))
        if sample.speech and (hypothesis.speech or system == OURS):
            self._score_speakers(sample, hypothesis, system)

    def _score_speakers(
        self, sample: CallSample, hypothesis: Hypothesis, system: str, assigns_roles: bool = True
    ) -> None:
        self.measured.diarization.append(score_diarization(sample, hypothesis, system, assigns_roles))

    def _number_known(self, sample: CallSample) -> None:
        options = CallOptions(language=sample.language, num_speakers=sample.num_speakers)
        known = self._ours(sample.path, options, diarization_only=True)
        self._score_speakers(sample, known, OURS_KNOWN, assigns_roles=False)

    def meetings(self) -> None:
        """Several people, one channel, no roles: speakers only."""
        samples = [*datasets.meetings(self.data), *datasets.ami(self.data)]
        for sample in self._each(samples, "meetings"):
            options = CallOptions(language=sample.language)
            ours = self._ours(sample.path, options, diarization_only=True)
            self._score_speakers(sample, ours, OURS)
            self._number_known(sample)

    def silence(self) -> None:
        """Recordings without speech, and pauses. Mode (i) and (iii) have no word times: not scored on pauses."""
        with tempfile.TemporaryDirectory(prefix="callytics-eval-") as folder:
            recordings = silence.make_recordings(Path(folder)) + silence.make_pauses(self.data, Path(folder))
            for recording in self._each(recordings, "nobody speaks"):
                ours = self._ours(recording.path, CallOptions(language=recording.language))
                self.measured.silence.append(silence.invented(recording, ours, OURS))
                for mode in self._modes:
                    if mode.id == "ii" or not recording.speech_s:
                        plain = self._plain(
                            recording.path, mode.id, recording.language, recording.num_channels
                        )
                        self.measured.silence.append(silence.invented(recording, plain, mode.id))

    def text(self) -> None:
        """Korean sentence boundaries and sentiment: on text, without any recording."""
        for _ in self._each(["figures"], "text"):
            figures = text.measure_text(self.data)
            self.measured.tables += figures.tables
            self.measured.floors += figures.floors
            self.measured.headline |= figures.headline

    def enhancement(self) -> None:
        """Effect of noise reduction on recognition: the table of enhancement.py, which runs plain Whisper."""
        num_clips = min(self._limit or ENHANCEMENT_CLIPS, ENHANCEMENT_CLIPS)
        source = file_digest(Path(enhancement.__file__))
        key = (
            f"enhancement {num_clips} {source} {file_digest(self.data / 'manifest.json')} {versions_digest()}"
        )
        for _ in self._each(["table"], "enhancement"):
            table = self._tables.get(key, lambda: enhancement.table(self.data, num_clips))
            self.measured.tables.append(table)

    def meaning(self) -> None:
        """What a call was about: the text stages on the written calls of evaluation/dialogues."""
        for _ in self._each(["calls"], "written calls"):
            self.measured.written_calls = section(measure_meaning(self._config))

    def claims(self) -> None:
        """What becomes of a language model's claims, on those of evaluation/claims."""
        for _ in self._each(["claims"], "written claims"):
            self.measured.written_claims = claims_page.section(claims_page.measure_claims(self._config))

    def field(self) -> None:
        """The field situations; skipped, with the reason on the terminal, where they cannot be built."""
        for _ in self._each(["situations"], "field situations"):
            try:
                inputs = make_inputs(self.data, self._folder or home() / "evaluation")
            except NotFoundError as error:
                self._progress.console.print(f"Field situations are left out: {error.message}")
                continue
            with closing(InProcessService(self._pipeline, self._folder)) as service:
                judged = field_page.judge(service, inputs)
            self.measured.written_field = field_page.section(judged, "in process")

    def finish(self, command: str, partial: bool) -> Measurements:
        self.measured.command = command
        self.measured.partial = partial
        self.measured.versions = versions()
        self.measured.machine = machine()
        self.measured.engines = self._system.versions()
        return self.measured

    def _each(self, items: Sequence[Item], title: str) -> Iterable[Item]:
        items = [
            item for item in items if not (self._skip_long and getattr(item, "duration_s", 0) > LONG_CALL_S)
        ]
        yield from self._progress.track(items[: self._limit], description=title)


def main(
    data: Path,
    output: Path | None = None,
    only: frozenset[str] | set[str] = frozenset(),
    *,
    config: Path = Path("serve_config.cpu.yaml"),
    limit: int | None = None,
    skip_long: bool = False,
    baselines: bool = True,
    fresh: bool = False,
    command: str = "callytics eval",
) -> Measurements:
    """Measure, write the document, and print the figure as the last line.

    Args:
        output: the document; None writes none. A partial run (any of the options below) does not change it, but
            writes ``<name>.partial.md`` beside it.
        only: parts of PARTS; empty means all.
        limit: maximum number of recordings per set.
        fresh: compute everything again, and cache nothing.

    Raises:
        NotFoundError: there is no kit at ``data``.
        InvalidRequestError: ``only`` names an unknown part.
        CallyticsError: a stage failed on a recording.
    """
    if not (data / "manifest.json").is_file():
        raise NotFoundError("data_missing", f"No evaluation kit at {data}: it has no manifest.json.")
    if unknown := set(only) - set(PARTS):
        raise InvalidRequestError(
            "part_unknown", f"No part {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}."
        )
    parts = set(only) or set(PARTS)
    partial = parts != set(PARTS) or limit is not None or skip_long or not baselines
    cache = None if fresh else home() / "evaluation"
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        evaluation = Evaluation(
            data, config, progress, limit=limit, skip_long=skip_long, baselines=baselines, cache=cache
        )
        if "recognition" in parts:
            evaluation.clips()
        if parts & {"recognition", "diarization"}:
            evaluation.calls()
        if "diarization" in parts:
            evaluation.meetings()
        if "silence" in parts:
            evaluation.silence()
        if "text" in parts:
            evaluation.text()
        if "enhancement" in parts:
            evaluation.enhancement()
        if "meaning" in parts:
            evaluation.meaning()
        if "claims" in parts:
            evaluation.claims()
        if "field" in parts:
            evaluation.field()
        measured = evaluation.finish(command, partial)
    if output is not None:
        output = output.with_suffix(".partial.md") if partial else output
        part = output.with_suffix(".part")
        before = output.read_text(encoding="utf-8") if output.is_file() else ""
        part.write_text(
            tone.carried_over(before, with_model.carried_over(before, render(measured))), encoding="utf-8"
        )
        part.replace(output)
        console.print(f"Written: {output}")
    print(figure(measured))
    return measured


def meaning(data: Path, output: Path | None, config: Path, errors: str = "") -> None:
    """The part ``meaning`` alone, under a minute: prints its tables, and writes its section of the document.

    Args:
        data: a kit, whose six written examples are measured as well, if it has them.
        output: the document whose section is replaced; None writes none.
        errors: a row of the table; lists its errors in `fit` and `choose` instead.
    """
    kit = data if (data / "dialogues" / "examples.jsonl").is_file() else None
    if errors:
        print("\n".join(errors_of(measure_meaning(config, ("fit", "choose")), errors)))
        return
    measured = measure_meaning(config, kit=kit)
    for language in LANGUAGES:
        print(markdown(table_of(measured, language)))
        print(markdown(reliability_table(measured, language)))
    if output is not None:
        page = output.read_text(encoding="utf-8") if output.is_file() else ""
        output.write_text(replace_section(page, section(measured)), encoding="utf-8")
        print(f"Written: {output}, its section on written calls")


def meaning_with_model(output: Path | None, llm: str) -> None:
    """The written calls with a language model: prints its tables, and writes its section of the document."""
    measured = with_model.measure_with_model(llm)
    for table in with_model.tables_of(measured):
        print(markdown(table))
    if output is not None:
        page = output.read_text(encoding="utf-8") if output.is_file() else ""
        block = with_model.section(measured)
        output.write_text(with_model.replace_section(page, block), encoding="utf-8")
        print(f"Written: {output}, its section on written calls with a language model")


def tone_of_turns(output: Path | None, config: Path, llm: str = "") -> None:
    """The part ``tone`` alone: prints its table, and writes its section of the document.

    Args:
        llm: a language model of the manifest, which is asked what has no kept answer.
    """
    if llm:
        tone.ask(llm)
    told = tone.kept()
    print(markdown(tone.table(told, config)))
    if output is not None:
        page = output.read_text(encoding="utf-8") if output.is_file() else ""
        output.write_text(tone.replace_section(page, tone.section(told, config)), encoding="utf-8")
        print(f"Written: {output}, its section on the tone of turns")


def claims(output: Path | None, config: Path, errors: bool = False, llm: str = "") -> None:
    """The part ``claims`` alone: prints its tables, and writes its section of the document.

    Args:
        output: the document whose section is replaced; None writes none.
        config: with the language-model engine, the second question is measured as well.
        errors: list the errors of the rules in `fit` and `choose` instead.
        llm: a language model of the manifest, which is asked what has no kept answer.
    """
    if llm:
        asked.ask(llm)
    if errors:
        print("\n".join(claims_page.errors_of(claims_page.measure_claims(config, ("fit", "choose")))))
        return
    measured = claims_page.measure_claims(config)
    for table in claims_page.tables_of(measured):
        print(markdown(table))
    if output is not None:
        page = output.read_text(encoding="utf-8") if output.is_file() else ""
        output.write_text(claims_page.replace_section(page, claims_page.section(measured)), encoding="utf-8")
        print(f"Written: {output}, its section on claims")


def field(data: Path, output: Path | None, config: Path, url: str = "") -> None:
    """The part ``field`` alone: prints each situation as it is judged, and writes its section of the document.

    Args:
        url: a running graph; empty runs the pipeline of ``config`` in this process.

    Raises:
        NotFoundError: the kit has no field situations, or what builds them is not installed.
    """
    cache = home() / "evaluation"
    inputs = make_inputs(data, cache)
    service = Service.at(url, api_key()) if url else InProcessService(InProcess(load_stages(config)), cache)
    with closing(service):
        judged = field_page.judge(service, inputs, lambda one: print(field_page.line_of(one), flush=True))
    section = field_page.section(judged, "on a running graph" if url else "in process")
    if output is not None:
        page = output.read_text(encoding="utf-8") if output.is_file() else ""
        output.write_text(field_page.replace_section(page, section), encoding="utf-8")
        print(f"Written: {output}, its section on field situations")
    print(f"right {sum(one.is_right for one in judged)} of {len(judged)}")
