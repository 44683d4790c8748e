"""The installed bi-encoder: what the index relies on."""

import sys

import numpy as np
import pytest
import torch

from rag_chat import weights
from rag_chat.index.embedders import BiEncoder
from rag_chat.lanes import WIDTHS

pytestmark = pytest.mark.slow
TEXTS = [f"Ship {i} carried {'grain ' * (i % 40)}to the quay." for i in range(150)]


@pytest.fixture(scope="module")
def encoder():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sentence_transformers", None)  # importing it takes longer than all else
        return BiEncoder(weights.find("all-MiniLM-L6-v2"))


def test_vectors_are_those_of_sentence_transformers(encoder):
    theirs = BiEncoder(weights.find(weights.find("all-MiniLM-L6-v2").location))  # a folder that a user names
    assert type(theirs._model).__module__.startswith("sentence_transformers")
    texts = ["", "Wo liegt der Hafen?", "grain " * 400, *TEXTS[::30]]
    assert np.array_equal(encoder.encode_passages(texts), theirs.encode_passages(texts))
    for ours, other in zip(encoder.encode_passage_tokens(texts), theirs.encode_passage_tokens(texts), strict=True):
        assert np.array_equal(ours, other)
    for text in texts:
        asked = theirs._model.encode_query(text)
        assert encoder.encode_query(text) == pytest.approx(asked / np.linalg.norm(asked), abs=1e-6)
        assert np.array_equal(encoder.encode_question_tokens(text), theirs.encode_question_tokens(text))


def test_vectors_are_of_unit_length_and_in_the_order_given(encoder):
    vectors = encoder.encode_passages(TEXTS)
    assert vectors.shape == (150, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(150), abs=1e-5)
    for place in (0, 39, 77, 149):
        assert float(encoder.encode_passages([TEXTS[place]])[0] @ vectors[place]) > 0.998
    assert float(encoder.encode_query(TEXTS[77]) @ vectors[77]) > 0.998


def test_equal_texts_have_equal_vectors_wherever_they_stand(encoder):
    told = []
    vectors = encoder.encode_passages([TEXTS[5], *TEXTS, TEXTS[5], *TEXTS], told.append)
    assert np.array_equal(vectors[0], vectors[6])
    assert np.array_equal(vectors[0], vectors[151])
    assert np.array_equal(vectors[1:151], vectors[152:])
    assert told[-1] == 302
    assert told == sorted(told)


def test_no_texts_are_no_vectors(encoder):
    assert encoder.encode_passages([]).shape == (0, 384)


def test_a_long_document_is_read_in_few_shapes(encoder, monkeypatch):
    shapes = []

    def seen(features, task):  # what the network makes of them takes a minute and is not asked for
        shapes.append(tuple(features["attention_mask"].shape))
        return {"sentence_embedding": torch.zeros(len(features["attention_mask"]), encoder.dimension)}

    monkeypatch.setattr(encoder, "_compute", seen)
    encoder.encode_passages([f"{n} " + "quay " * (n % 120) for n in range(1500)])
    widths = {width for _, width in shapes}
    assert len(shapes) > 2 * len(widths) > 4
    assert len(set(shapes[:-1])) == len({width for _, width in shapes[:-1]})


def test_batches_are_padded_to_few_widths(encoder):
    """Without that, 3,000 texts took 1,400 MB for kernels and blocks of memory, and not 560."""
    for words in (3, 20, 31, 90):
        read = encoder._read(["quay " * words, "ship"])
        assert read["attention_mask"].shape[1] % WIDTHS == 0
        assert read["attention_mask"].sum(dim=1).tolist() == [words + 2, 3]
