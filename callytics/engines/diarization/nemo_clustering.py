"""speaker-diarizer with NeMo's clustering diarizer: voice activity, embeddings at five scales, spectral clustering.

Papers: Jia, Majumdar, Ginsburg, "MarbleNet", ICASSP 2021 (voice activity); Koluguri, Park, Ginsburg, "TitaNet", ICASSP
2022 (embeddings); Park et al., "Auto-tuning spectral clustering for speaker diarization using normalized maximum
eigengap", IEEE SPL 2020. One speaker at a time: this engine does not detect overlap (MSDD, which did, was removed
in NeMo 3). Runs in runtime_envs/speaker-diarizer-nemo.txt.
"""

from __future__ import annotations

import json
import tempfile
import threading
import wave
from pathlib import Path
from typing import Any

from callytics.domain import Audio, CallOptions, Diarization, Pcm
from callytics.engines.diarization.channels import own_speech, segments_to_mask
from callytics.engines.diarization.nemo_models import ENVIRONMENT, restore
from callytics.engines.diarization.parties import Span, by_channel, by_voice, check_options, tidy
from callytics.engines.diarization.segmentation import num_frames_of
from callytics.engines.diarization.torch_runtime import require, torch_device

VAD_WINDOW_S, VAD_SHIFT_S = 0.15, 0.01
VAD_PARAMETERS = {
    "window_length_in_sec": VAD_WINDOW_S,
    "shift_length_in_sec": VAD_SHIFT_S,
    "smoothing": "median",
    "overlap": 0.5,
    "onset": 0.1,
    "offset": 0.1,
    "pad_onset": 0.1,
    "pad_offset": 0.0,
    "min_duration_on": 0.0,
    "min_duration_off": 0.2,
    "filter_speech_first": True,
}
EMBEDDING_PARAMETERS = {
    "window_length_in_sec": [1.5, 1.25, 1.0, 0.75, 0.5],
    "shift_length_in_sec": [0.75, 0.625, 0.5, 0.375, 0.25],
    "multiscale_weights": [1, 1, 1, 1, 1],
    "save_embeddings": False,
}
CLUSTERING_PARAMETERS = {
    "enhanced_count_thres": 80,
    "max_rp_threshold": 0.25,
    "sparse_search_volume": 30,
    "maj_vote_spk_count": False,
}
"""NVIDIA's values for telephone calls (NeMo, diar_infer_telephonic.yaml)."""
MIN_DURATION_S = 0.3
"""Two windows of the voice activity: the minimum that NeMo can split."""
NAME = "call"
_WRITTEN_SAMPLES = 1 << 20  # per write to a file


class ClusteringDiarizer:
    """Uses channels if each party has one, otherwise voices.

    Deterministic. Safe to call from several threads, but NeMo keeps state between its steps: one call runs at a time.

    Args:
        vad_model: a name in NVIDIA's NGC catalogue, ``owner/name`` on the model hub, or a local ``.nemo`` file.
        speaker_model: the same.
        device: "cpu", "cuda" or "cuda:<index>".
        num_threads: torch threads on a CPU, for the whole process.
        agent_channel: default agent channel of the original file; a request may name another.
        max_speakers: maximum number of speakers of a mono call, if the request does not give the number.
        min_speech_s: shorter speech is dropped.
        min_silence_s: shorter pauses of one speaker count as speech.
        batch_size: windows per forward pass.

    Raises:
        EngineUnavailableError: NeMo or torch is not installed.
        ConfigError: the device does not exist.
        WeightsError: a model cannot be fetched.
    """

    def __init__(
        self,
        *,
        vad_model: str = "vad_multilingual_marblenet",
        speaker_model: str = "titanet_large",
        device: str = "cpu",
        num_threads: int = 2,
        agent_channel: int = 0,
        max_speakers: int = 6,
        min_speech_s: float = 0.15,
        min_silence_s: float = 0.5,
        batch_size: int = 64,
    ) -> None:
        require("torch", ENVIRONMENT).set_num_threads(num_threads)
        torch_device_ = torch_device(device)
        vad = restore("EncDecClassificationModel", vad_model, None, torch_device_)
        speaker = restore("EncDecSpeakerLabelModel", speaker_model, None, torch_device_)
        self.model = f"{vad_model} + {speaker_model}"
        self.model_revision = f"{vad.revision} + {speaker.revision}"
        self._vad_model, self._speaker_model = vad.network, speaker.network
        self._device = device
        self._agent_channel = agent_channel
        self._max_speakers = max_speakers
        self._min_speech_s = min_speech_s
        self._min_silence_s = min_silence_s
        self._batch_size = batch_size
        self._lock = threading.Lock()

    def __call__(self, audio: Audio, options: CallOptions) -> Diarization:
        """Who speaks when.

        Raises:
            InvalidRequestError: the agent channel or the number of speakers in ``options`` is impossible.
        """
        check_options(audio, options)
        if audio.pcm.num_channels > 1:
            return by_channel(audio, options, self._channel_speech(audio.pcm), self._agent_channel)
        with self._lock, tempfile.TemporaryDirectory() as folder:
            voices = self._voices(audio.pcm, Path(folder), options.num_speakers)
        return by_voice(audio, options, voices)

    def _channel_speech(self, pcm: Pcm) -> list[list[Span]]:
        num_frames, active = num_frames_of(pcm.num_samples), []
        for channel in range(pcm.num_channels):
            with self._lock, tempfile.TemporaryDirectory() as folder:
                active.append(segments_to_mask(self._speech(pcm, channel, Path(folder)), num_frames))
        return own_speech(pcm, active, self._min_speech_s, self._min_silence_s)

    def _speech(self, pcm: Pcm, channel: int, folder: Path) -> list[Span]:
        """Voice activity of one channel, by the functions that NeMo's own vad_infer.py uses; they work on files."""
        if pcm.duration_s < MIN_DURATION_S:
            return []
        tools = require("nemo.collections.asr.parts.utils.vad_utils", ENVIRONMENT)
        _write_wav(folder / f"{NAME}.wav", pcm, channel)
        entry = {"audio_filepath": str(folder / f"{NAME}.wav"), "offset": 0.0, "duration": pcm.duration_s}
        manifest = tools.prepare_manifest(
            {
                "input": [{**entry, "label": "infer", "text": "-"}],
                "window_length_in_sec": VAD_WINDOW_S,
                "split_duration": 50,  # seconds per forward pass, as in NeMo's clustering diarizer
                "num_workers": 0,
                "out_dir": str(folder),
            }
        )
        data = {
            "manifest_filepath": manifest,
            "sample_rate": pcm.sample_rate_hz,
            "batch_size": 1,
            "vad_stream": True,
            "labels": ["infer"],
            "window_length_in_sec": VAD_WINDOW_S,
            "shift_length_in_sec": VAD_SHIFT_S,
            "trim_silence": False,
            "num_workers": 0,
            "shuffle": False,
        }
        self._vad_model.setup_test_data(test_data_config=data)
        frames = folder / "vad"
        frames.mkdir()
        with require("torch", ENVIRONMENT).inference_mode():
            tools.generate_vad_frame_pred(self._vad_model, VAD_WINDOW_S, VAD_SHIFT_S, manifest, str(frames))
        smooth = tools.generate_overlap_vad_seq(str(frames), "median", 0.5, VAD_WINDOW_S, VAD_SHIFT_S, 0)
        table = Path(tools.generate_vad_segment_table(smooth, VAD_PARAMETERS, VAD_SHIFT_S, 0))
        lines = [line.split() for file in table.glob("*.txt") for line in file.read_text().splitlines()]
        return sorted((float(line[0]), float(line[0]) + float(line[1])) for line in lines if len(line) >= 2)

    def _voices(self, pcm: Pcm, folder: Path, num_speakers: int | None) -> list[list[Span]]:
        speech = tidy(self._speech(pcm, 0, folder), self._min_speech_s, 0.0, pcm.duration_s)
        if not speech:
            return []
        wav = {"audio_filepath": str(folder / f"{NAME}.wav"), "uniq_id": NAME, "label": "UNK"}
        spans = ({**wav, "offset": start_s, "duration": end_s - start_s} for start_s, end_s in speech)
        _write_lines(folder / "speech.json", *spans)
        call = {
            **wav,
            "offset": 0,
            "duration": None,
            "text": "-",
            "rttm_filepath": None,
            "uem_filepath": None,
        }
        _write_lines(folder / "call.json", {**call, "num_speakers": num_speakers})
        self._diarizer(folder, num_speakers).diarize()
        voices: dict[str, list[Span]] = {}
        for line in (folder / "pred_rttms" / f"{NAME}.rttm").read_text(encoding="utf-8").splitlines():
            fields = line.split()
            start_s, duration_s = float(fields[3]), float(fields[4])
            voices.setdefault(fields[7], []).append((start_s, start_s + duration_s))
        return [tidy(v, self._min_speech_s, self._min_silence_s, pcm.duration_s) for v in voices.values()]

    def _diarizer(self, folder: Path, num_speakers: int | None) -> Any:
        clustering = {
            **CLUSTERING_PARAMETERS,
            "oracle_num_speakers": num_speakers is not None,
            "max_num_speakers": self._max_speakers,
        }
        config = {
            "name": "ClusterDiarizer",
            "num_workers": 0,
            "sample_rate": 16_000,
            "batch_size": self._batch_size,
            "device": self._device,
            "verbose": False,
            "diarizer": {
                "manifest_filepath": str(folder / "call.json"),
                "out_dir": str(folder),
                "oracle_vad": False,
                "collar": 0.25,
                "ignore_overlap": True,
                "vad": {"model_path": None, "external_vad_manifest": str(folder / "speech.json")},
                "speaker_embeddings": {"model_path": None, "parameters": EMBEDDING_PARAMETERS},
                "clustering": {"parameters": clustering},
            },
        }
        models = require("nemo.collections.asr.models", ENVIRONMENT)
        omegaconf = require("omegaconf", ENVIRONMENT)
        return models.ClusteringDiarizer(
            cfg=omegaconf.OmegaConf.create(config), speaker_model=self._speaker_model
        )


def _write_wav(path: Path, pcm: Pcm, channel: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(pcm.sample_rate_hz)
        for start in range(0, pcm.num_samples, _WRITTEN_SAMPLES):
            file.writeframes(pcm.samples(channel, start, start + _WRITTEN_SAMPLES).tobytes())


def _write_lines(path: Path, *entries: dict[str, Any]) -> None:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
