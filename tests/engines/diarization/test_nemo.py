"""The NeMo diarizers on tiny models made on the spot; runs inside runtime_envs/speaker-diarizer-nemo.txt."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callytics.config import stage_config
from callytics.domain import CallOptions, Diarization, Role
from callytics.engines import load_engine
from callytics.engines.diarization.nemo_sortformer import keep_speakers
from callytics.errors import EngineUnavailableError, InvalidRequestError, WeightsError
from tests.engines.diarization.recordings import RATE_HZ, audio_of, sample_channels
from tests.support.diarizations import check_form

SORTFORMER = "callytics.engines.diarization.nemo_sortformer:SortformerDiarizer"
CLUSTERING = "callytics.engines.diarization.nemo_clustering:ClusteringDiarizer"
INSTALLED = importlib.util.find_spec("nemo") is not None
needs_nemo = pytest.mark.skipif(
    not INSTALLED, reason="NeMo is not here; `make test-slow` builds its environment"
)


def load(engine: str, **options: Any) -> Any:
    return load_engine(stage_config("speaker-diarizer", {"engine": engine, "options": options}))


@pytest.mark.skipif(INSTALLED, reason="NeMo is installed here")
@pytest.mark.parametrize("engine", [SORTFORMER, CLUSTERING])
def test_missing_packages_error_names_the_environment(engine: str) -> None:
    with pytest.raises(EngineUnavailableError, match=r"runtime_envs/speaker-diarizer-nemo\.txt"):
        load(engine)


def test_known_number_keeps_main_speakers_and_all_speech() -> None:
    activity = np.array([[0.9, 0.1, 0.1], [0.9, 0.2, 0.1], [0.1, 0.8, 0.2], [0.1, 0.8, 0.2], [0.1, 0.2, 0.7]])
    two = keep_speakers(activity.astype(np.float32), 2, 0.5)
    assert (two > 0.5).tolist() == [[True, False], [True, False], [False, True], [False, True], [False, True]]
    one = keep_speakers(activity.astype(np.float32), 1, 0.5)
    assert (one > 0.5).all()
    assert keep_speakers(activity.astype(np.float32), 5, 0.5).shape == (5, 3)
    assert keep_speakers(np.zeros((0, 3), np.float32), 2, 0.5).shape == (0, 2)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from tests.engines.diarization.nemo_checkpoints import save_sortformer, save_speaker, save_vad

    folder = tmp_path_factory.mktemp("nemo")
    return {
        "vad": save_vad(folder / "vad.nemo"),
        "speaker": save_speaker(folder / "speaker.nemo"),
        "sortformer": save_sortformer(folder / "sortformer.nemo"),
    }


@pytest.fixture(scope="module")
def sortformer(checkpoints: dict[str, Path]) -> Any:
    return load(SORTFORMER, model=str(checkpoints["sortformer"]))


@pytest.fixture(scope="module")
def clustering(checkpoints: dict[str, Path]) -> Any:
    return load(CLUSTERING, vad_model=str(checkpoints["vad"]), speaker_model=str(checkpoints["speaker"]))


@pytest.fixture(params=["sortformer", "clustering"])
def engine(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def mono(duration_s: float = 12.0) -> Any:
    return audio_of(sample_channels().sum(axis=0)[: round(RATE_HZ * duration_s)])


@needs_nemo
def test_names_its_models_by_their_content(engine: Any) -> None:
    assert engine.model.endswith(".nemo")
    assert engine.model_revision.startswith("sha256:")


@needs_nemo
def test_mono_call_is_separated_by_voice(engine: Any) -> None:
    result: Diarization = engine(mono(), CallOptions())
    check_form(result)
    assert result.segments
    assert not result.by_channel
    assert all(p.role is Role.UNKNOWN for p in result.participants)


@needs_nemo
def test_stereo_call_is_separated_by_channel(engine: Any) -> None:
    result: Diarization = engine(
        audio_of(*sample_channels()[:, : RATE_HZ * 12]), CallOptions(agent_channel=1)
    )
    check_form(result)
    assert [p.role for p in result.participants] == [Role.CUSTOMER, Role.AGENT]
    assert {s.channel for s in result.segments} <= {0, 1}


@needs_nemo
def test_known_number_of_speakers_is_a_bound(engine: Any) -> None:
    one = engine(mono(), CallOptions(num_speakers=1))
    assert [p.id for p in one.participants] == ["spk_0"]
    with pytest.raises(InvalidRequestError):
        engine(mono(1.0), CallOptions(num_speakers=0))


@needs_nemo
def test_more_speakers_than_the_model_has_are_flagged(sortformer: Any) -> None:
    result = sortformer(mono(3.0), CallOptions(num_speakers=7))
    assert [flag.code for flag in result.flags] == ["num_speakers_limited"]


@needs_nemo
@pytest.mark.parametrize("num_samples", [0, 160, 1600])
@pytest.mark.parametrize("num_channels", [1, 2])
def test_tiny_recording_does_not_crash(engine: Any, num_samples: int, num_channels: int) -> None:
    result = engine(audio_of(*[np.zeros(num_samples, np.float32)] * num_channels), CallOptions())
    check_form(result)
    assert len(result.participants) == (2 if num_channels == 2 else len(result.participants))


@needs_nemo
def test_engine_is_deterministic_in_two_threads(engine: Any) -> None:
    audio = mono(8.0)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: engine(audio, CallOptions()), range(2))
    assert first == second == engine(audio, CallOptions())


@needs_nemo
def test_unavailable_models_are_reported(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no file"):
        load(SORTFORMER, model=str(tmp_path / "none.nemo"))
    with pytest.raises(WeightsError, match=r"NGC has no 'titanet_huge'.*titanet_large"):
        load(CLUSTERING, vad_model=str(checkpoints["vad"]), speaker_model="titanet_huge")
    (tmp_path / "broken.nemo").write_bytes(b"no archive")
    with pytest.raises(WeightsError, match="is no SortformerEncLabelModel"):
        load(SORTFORMER, model=str(tmp_path / "broken.nemo"))
