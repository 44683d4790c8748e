import pytest
from fakes import OverlapReranker
from values import passage, quote

from rag_chat.chat.evidence import Evidence
from rag_chat.scoring import QuoteOrder, logit
from rag_chat.types import Reading

TEXT = "Grain is moved by rail. The tide gate opens at five."


class Found:
    """An AnswerReader for which only 'five' answers."""

    def read(self, question, texts):
        return [self._one(text) for text in texts]

    def _one(self, text):
        at = text.find("five")
        return Reading(((0, 5), (at, at + 4)), (0.0, 2.0), (0.5, 1.0), -1.0)


def test_the_best_quote_decides_and_the_threshold_itself_is_enough():
    evidence, quotes = (
        Evidence(OverlapReranker(), threshold=0.4),
        [quote("Grain.", score=0.4), quote("Rail.", score=0.3)],
    )
    assert evidence.enough(quotes)
    assert not evidence.enough(quotes, 0.41)
    assert not evidence.enough(quotes[1:])
    assert evidence.enough(quotes[1:], 0.3)


def test_without_quotes_there_is_no_evidence():
    assert not Evidence(OverlapReranker()).enough(())


def test_what_the_reader_finds_inside_a_sentence_is_weighed():
    evidence = Evidence(OverlapReranker(), Found(), QuoteOrder(sentence=0.0, passage=1.0, reading=0.5, offset=-1.0))
    best, other = evidence.quotes("When?", [passage(TEXT, score=0.5)], 2)
    assert best.text == "The tide gate opens at five."
    assert logit(best.score) == pytest.approx(0.5 * (3.0 + 1.0) - 1.0)
    assert best.answer == "five"
    assert (other.text, other.answer) == ("Grain is moved by rail.", "Grain")
    assert logit(other.score) == pytest.approx(0.5 * (0.5 + 1.0) - 1.0)


GERMAN = "Der Vermieter gibt die Kaution zurück. Der Hund der Familie five wohnt seit dem Sommer in Kassel."


@pytest.mark.parametrize(
    ("text", "best"), [(GERMAN, "Der Vermieter gibt die Kaution zurück."), (TEXT, "The tide gate opens at five.")]
)
def test_the_english_reader_does_not_decide_in_another_language(text, best):
    order = QuoteOrder(sentence=0.0, passage=0.0, reading=9.0)
    (found,) = Evidence(OverlapReranker(), Found(), order).quotes("Kaution?", [passage(text)], 1)
    assert found.text == best
