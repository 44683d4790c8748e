from contextlib import closing

import numpy as np
import pytest

from rag_chat import build, config
from rag_chat.library.catalog import Catalog
from rag_chat.library.spelling import slips
from rag_chat.types import Chunk, Document, Page, Span

TEXT = (
    "The notice period of the lease is three months. Notices about pumps. Écluse. Happiness. A circulation."
    " Sent by hand. A dry summer. The summaries."
)


@pytest.fixture(scope="module")
def pieces():
    return build.embedder(config.load()).token_counts


@pytest.fixture
def catalog(tmp_path):
    with closing(Catalog(tmp_path)) as catalog:
        chunk = Chunk("c", "d", 0, (Span(1, 0, len(TEXT)),), "Guarantees", TEXT)
        catalog.add(Document("d", "d.pdf", "", 1, 1, 1, "", ()), [Page(1, "1", TEXT)], [chunk], np.ones((1, 4), "f4"))
        yield catalog


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("What is the notise peroid?", "What is the notice period?"),
        ("lease period notice", "lease period notice"),  # all are known
        ("guarante of the lese", "guarantees of the lese"),  # as a heading writes it; too short to guess
        ("guarantess", "guarantees"),
        ("zeppelins", "zeppelins"),  # nothing is near
        ("hapiness in 2022", "happiness in 2022"),
        ("eclusse", "écluse"),
        ("Circulaton", "circulation"),
        ("", ""),
        ('") OR * NEAR(', '") OR * NEAR('),
        ("東京都の人口は", "東京都の人口は"),
    ],
)
def test_words_that_no_document_has_are_mended_by_one_slip(catalog, pieces, asked, expected):
    assert catalog.spelled(asked, pieces) == expected


@pytest.mark.parametrize("word", ["period", "spent", "buying", "noticed", "happier"])
def test_a_word_of_the_language_is_no_slip(catalog, pieces, word):
    """ "buying" is one letter away from "bying", whose stem is that of "by", and "spent" from "sent"."""
    question = f"What of {word}?"
    assert catalog.spelled(question, pieces) == question


@pytest.mark.parametrize("word", ["Summarise", "summarize", "Summarised", "tldr", "recap", "sumerised"])
def test_what_is_asked_of_a_whole_document_is_no_slip_and_no_word_is_made_up(catalog, pieces, word):
    """ "summerize", one slip away, has the stem of "summer", but no document writes it."""
    assert catalog.spelled(f"{word} the lease", pieces) == f"{word} the lease"


def test_slips_of_the_keyboard():
    made = slips("notice")
    assert {"noticce", "otice", "nktice", "noitce", "notices"} <= set(made)
    assert not {"notice", "notcie e", "police", "nocite"} & set(made)
    assert made[0] == "ontice"
    assert len(made) == len(set(made))
