import pytest
from values import chunk

from rag_chat.errors import BadDataset
from rag_chat.evaluation import own
from rag_chat.library.conversations import Feedback

CHUNKS = [chunk("The gate opens at five.", page=1), chunk("Pumps.", page=2), chunk("Pumps.", doc_id="copy")]


def test_rated_questions_over_the_whole_library_with_copies_as_right_as_what_was_praised():
    made = own.dataset(
        CHUNKS, [Feedback("When?", CHUNKS[0].text, (), "d.pdf"), Feedback("What?", "Pumps.", (), "d.pdf")]
    )
    assert made.queries == {"When?": "When?", "What?": "What?"}
    assert made.qrels == {"When?": {"d-1-0": 1}, "What?": {"d-2-0": 1, "copy-1-0": 1}}
    assert len(made.corpus) == 3


@pytest.mark.parametrize("feedback", [[], [Feedback("When?", "Of a deleted document.", (), "x.pdf")]])
def test_without_ratings_it_says_what_to_do(feedback):
    with pytest.raises(BadDataset, match="Nothing has been rated yet"):
        own.dataset(CHUNKS, feedback)
