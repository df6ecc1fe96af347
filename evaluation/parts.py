"""The parts of an evaluation: each measures a set of recordings or texts with the pipeline and the plain baselines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from rich.progress import Progress

from callytics.config import load_stages
from callytics.domain import CallOptions
from callytics.errors import NotFoundError
from callytics.pipeline import InProcess
from callytics.settings import home
from evaluation import datasets, enhancement, silence, text
from evaluation.baselines import MODES, PlainWhisper, cache_key, silero_channels
from evaluation.cache import (
    HypothesisCache,
    TableCache,
    file_digest,
    source_digest,
    versions_digest,
)
from evaluation.claims import page as claims_page
from evaluation.datasets import LONG_CALL_S, CallSample
from evaluation.diarization import score_diarization
from evaluation.field import page as field_page
from evaluation.field.inputs import make_inputs
from evaluation.field.service import InProcessService
from evaluation.hypothesis import Hypothesis, SystemUnderTest
from evaluation.meaning.page import (
    measure_meaning,
    section,
)
from evaluation.measurements import OURS, Measurements, machine, versions
from evaluation.recognition import score_call, score_clip

PARTS = ("recognition", "diarization", "silence", "text", "enhancement", "meaning", "claims", "field")


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
