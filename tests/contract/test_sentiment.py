"""What every engine of sentiment-analyzer must do."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from callytics.config import StageConfig
from callytics.domain import Conversation, Role, SentimentAnalysis, SentimentLabel
from callytics.engines import load_engine
from callytics.engines.sentiment.assembly import LABELS
from callytics.engines.sentiment.embedding import MOOD_LANGUAGES
from callytics.engines.sentiment.mood import MoodModel
from tests.support.checkpoints import SENTIMENT_LABELS, minilm, require, tiny_classifier
from tests.support.talk import talk

EMBEDDING = "callytics.engines.sentiment.embedding:EmbeddingSentimentAnalyzer"
PROTOTYPE = "callytics.engines.sentiment.prototype:PrototypeSentimentAnalyzer"
CLASSIFIER = "callytics.engines.sentiment.transformers_classifier:TransformersSentimentAnalyzer"
KNOWS = {EMBEDDING: {"ko", "en"}, PROTOTYPE: {"en"}, CLASSIFIER: set[str]()}
"""What the weights at hand know: MiniLM is English; the classifier's are random."""

Analyze = Callable[[Conversation], SentimentAnalysis]

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}
KOREAN = talk(
    ("a", "안녕하세요. 행복카드입니다. 무엇을 도와드릴까요?"),
    ("c", "요금이 잘못 나왔는데 아무도 연락을 안 줘서 너무 짜증 나고 화가 나요."),
    ("a", "네, 잠시만 기다려 주세요."),
    ("c", "정말 친절하게 해결해 주셔서 감사합니다. 최고예요."),
    roles=ROLES,
)
ENGLISH = talk(
    ("a", "May I have your account number?"),
    ("c", "This is terrible service, I am really angry and disappointed."),
    ("c", "That is wonderful, thank you so much, you were very kind."),
    roles=ROLES,
    language="en",
)
CALLS = [
    KOREAN,
    ENGLISH,
    talk(("a", "..."), ("c", "?")),
    talk(("a", "Bonjour, comment allez-vous ?"), language="fr", roles=ROLES),
    Conversation("ko", 0.0, (), (), ()),
]
POSITIVE, NEUTRAL, NEGATIVE = SentimentLabel.POSITIVE, SentimentLabel.NEUTRAL, SentimentLabel.NEGATIVE


@pytest.fixture(scope="module", params=list(KNOWS), ids=lambda name: name.partition(":")[2])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def analyze(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Analyze:
    options = {}
    if engine_name == PROTOTYPE:
        require("sentence_transformers", "sentiment-analyzer")
        options = {"model": str(minilm())}
    elif engine_name == CLASSIFIER:
        require("transformers", "sentiment-analyzer")
        folder = tmp_path_factory.mktemp("checkpoint")
        options = {"model": str(tiny_classifier(folder, SENTIMENT_LABELS, of_tokens=False))}
    engine: Analyze = load_engine(StageConfig("sentiment-analyzer", engine_name, options))
    return engine


@pytest.mark.parametrize("call", CALLS)
def test_scores_are_probabilities_of_every_turn(
    analyze: Analyze, engine_name: str, call: Conversation
) -> None:
    result = analyze(call)
    assert [entry.turn_id for entry in result.turns] == [turn.id for turn in call.turns]
    for entry in result.turns:
        scores = {POSITIVE: entry.positive, NEUTRAL: entry.neutral, NEGATIVE: entry.negative}
        assert sum(scores.values()) == pytest.approx(1.0)
        assert all(0.0 <= score <= 1.0 for score in scores.values())
        if engine_name == EMBEDDING and call.language in MOOD_LANGUAGES:
            order = (entry.negative, entry.neutral, entry.positive)
            likely = LABELS[MoodModel().label(order, call.language)]
        else:
            likely = max(scores, key=lambda label: scores[label])
        assert entry.label is likely or scores[entry.label] == scores[likely]


@pytest.mark.parametrize(
    ("call", "labels"),
    [(KOREAN, [None, NEGATIVE, NEUTRAL, POSITIVE]), (ENGLISH, [NEUTRAL, NEGATIVE, POSITIVE])],
)
def test_plain_cases(
    analyze: Analyze, engine_name: str, call: Conversation, labels: list[SentimentLabel | None]
) -> None:
    if call.language not in KNOWS[engine_name]:
        pytest.skip(f"the weights of this test know no {call.language!r}")
    for entry, label in zip(analyze(call).turns, labels, strict=True):
        assert label is None or entry.label is label


@pytest.mark.parametrize("call", CALLS)
def test_every_claim_shows_its_turns(analyze: Analyze, call: Conversation) -> None:
    result = analyze(call)
    ids = {turn.id for turn in call.turns}
    for term in (*result.positive_terms, *result.negative_terms):
        assert term.turn_ids
        assert set(term.turn_ids) <= ids
        assert term.count >= len(term.turn_ids)
    for criterion in result.quality_criteria:
        assert set(criterion.evidence_turn_ids) <= ids
        assert criterion.score is None or 0 <= criterion.score <= 100
    assert result.quality_overall is None or 0 <= result.quality_overall <= 100


def test_terms(analyze: Analyze) -> None:
    result = analyze(KOREAN)
    assert {"감사하다", "친절하다", "최고"} <= {term.term for term in result.positive_terms}
    assert "짜증" in {term.term for term in result.negative_terms}


def test_only_the_agent_is_judged(analyze: Analyze) -> None:
    unknown = talk(*[(turn.participant_id, turn.content) for turn in KOREAN.turns])
    assert analyze(KOREAN).quality_overall is not None
    assert analyze(unknown).quality_overall is None


def test_deterministic_also_from_two_threads(analyze: Analyze) -> None:
    once = [analyze(call) for call in CALLS]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(analyze, CALLS * 2)) == once * 2


def test_result_crosses_processes(analyze: Analyze) -> None:
    result = analyze(KOREAN)
    assert pickle.loads(pickle.dumps(result)) == result


def test_it_names_its_model(analyze: Analyze) -> None:
    assert analyze.model  # type: ignore[attr-defined]
    assert analyze.model_revision  # type: ignore[attr-defined]
