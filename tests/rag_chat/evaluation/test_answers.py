"""What is counted of an engine's answers: by hand on answers as they may come, and through the real engine."""

import pytest
from fakes import ScriptedGenerator

from rag_chat import build
from rag_chat.config import Settings
from rag_chat.errors import BadDataset
from rag_chat.evaluation import text_library
from rag_chat.evaluation.answer_set import Asked
from rag_chat.evaluation.answers import Answered, ask_all, check, row
from rag_chat.evaluation.beir import Record
from rag_chat.generation.quoting import QuotingGenerator
from rag_chat.types import Answer, Citation, Sentence

GATE = Asked("q1", "When does the tide gate open?", ("five",), ("tide",), ("pump",))
NOBODY = Asked("q2", "Who paid for the tide gate?", (), (), ("tide",))


def cited(quote):
    return Citation(1, "d", "d", 1, "1", quote, 0, len(quote), (), 1.0, True)


def answered(asked, sentences=(), quotes=(), *, supported=True, seconds=1.0):
    """An answer of these sentences and citations; a refusal where there are none."""
    said = tuple(Sentence(text, None, supported) for text in sentences)
    found = tuple(map(cited, quotes))
    answer = Answer(asked.text, asked.text, "as shown [1]", not sentences, said, found, ())
    return Answered(asked, answer, seconds)


def test_every_measure_is_the_share_that_it_is_named_after():
    right = answered(GATE, ["It opens at five.", "Daily."], ["opens at five", "every day"], seconds=2.0)
    wrong = answered(GATE, ["It opens at six."], ["opens at six"], supported=False)
    refusal = answered(GATE)
    found = row("g", [right, wrong, refusal, answered(NOBODY), answered(NOBODY, ["The town did."], ["the town paid"])])
    assert found.generator == "g"
    assert found.contains_gold == pytest.approx(1 / 3)
    assert found.token_f1 == pytest.approx((2 / 6) / 3)  # 5 words said, 1 wanted, 1 shared; the others share none
    assert found.citation_precision == pytest.approx(1 / 3)  # three citations, the unanswerable question's not counted
    assert found.citation_recall == pytest.approx(1 / 3)
    assert found.refused_right == 0.5
    assert found.refused_wrong == pytest.approx(1 / 3)
    assert found.supported == pytest.approx(3 / 4)
    assert found.words == pytest.approx((5 + 4 + 3) / 3)
    assert found.seconds == pytest.approx(6 / 5)


def test_what_the_set_has_no_question_for_is_none():
    found = row("g", [answered(NOBODY)])
    assert (found.contains_gold, found.token_f1, found.refused_wrong) == (None, None, None)
    assert (found.citation_precision, found.citation_recall) == (None, None)
    assert (found.supported, found.words) == (None, None)  # a refusal shows no sentence
    assert found.refused_right == 1.0
    assert row("g", [answered(GATE)]).refused_right is None


def test_a_quote_broken_at_a_line_end_is_read_as_people_read_it():
    asked = Asked("q", "how long?", ("thirty months",), (), ())
    assert answered(asked, ["Long."], ["a guarantee of thir-\nty months"]).hits == [True]


# --- through the engine ---------------------------------------------------------------------------------------

TEXTS = {"tide": "The tide gate of Tarnwick opens at five.", "pump": "The pump has a guarantee of thirty months."}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Makes an engine over the texts, with the default models and the generator given."""
    settings = Settings(offline=True, cache=tmp_path_factory.mktemp("cache"))
    shared = build.models(settings)
    corpus = {key: Record(n, key, "", text, {}) for n, (key, text) in enumerate(TEXTS.items(), start=1)}
    vectors = text_library.embedded("toy", corpus, shared.embedder, settings.cache)
    with text_library.opened(corpus, vectors) as library:
        yield lambda writer: build.engine(
            settings,
            shared,
            writer,
            catalog=library.catalog,
            store=library.store,
            place_quote=library.place_quote,
        )


@pytest.mark.slow
def test_the_engine_answers_and_its_citation_holds_the_gold_answer(engine):
    heard = []
    (found,) = ask_all(engine(QuotingGenerator()), [GATE], progress=lambda *said: heard.append(said))
    assert found.text == TEXTS["tide"]  # without its marker
    assert "[1]" in found.answer.text
    assert found.hits == [True] and found.seconds > 0
    assert heard == [("answering with quoting", 1, 1)]


@pytest.mark.slow
def test_given_answers_from_the_contexts_alone(engine):
    (found,) = ask_all(engine(QuotingGenerator()), [GATE], given=True)  # its only context is another text
    assert found.answer.abstained
    assert {passage.chunk.id for passage in found.answer.passages} == {"pump"}


@pytest.mark.slow
def test_only_the_generator_differs(engine):
    writer = ScriptedGenerator(trusted=True).enqueue("Trains leave at noon. ", "They never stop.")
    (found,) = ask_all(engine(writer), [GATE])
    assert found.text == "Trains leave at noon. They never stop."
    measured = row(writer.name, [found])
    assert (measured.contains_gold, measured.supported, measured.citation_precision) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("q7", "why?", (), (), ()), "The question 'q7' has no `contexts`; add them, or leave out --given."),
        (Asked("q8", "why " * 20, (), (), ("tide",)), "The question 'q8' cannot be asked: The question has 80 char"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is(asked, said):
    with pytest.raises(BadDataset) as caught:
        check([GATE, asked], given=True, most_characters=50)
    assert said in str(caught.value)
    check([Asked("q7", "why?", (), (), ())], given=False, most_characters=50)
