"""Token vectors in two bits a number: small, and no cosine is moved far."""

import numpy as np
import pytest
from fakes import HashTokens

from rag_chat import token_codes


def unit(*shape):
    rows = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def exact(question, weights, passage):
    return float(weights @ (question @ passage.T).max(axis=1))


@pytest.mark.parametrize("dim", [384, 128, 30])
def test_a_sixteenth_of_the_room(dim):
    assert token_codes.pack(unit(50, dim)).nbytes == 50 * -(-dim // 4)


def test_maxsim_of_codes_is_that_of_the_vectors_within_little():
    passages = np.split(unit(300, 384), [60, 100, 250])
    question, weights = passages[1][:8], np.full(8, 1 / 8, dtype=np.float32)
    found = token_codes.maxsim(question, weights, [token_codes.pack(passage) for passage in passages])
    wanted = [exact(question, weights, passage) for passage in passages]
    assert wanted[1] == pytest.approx(1)
    assert found == pytest.approx(wanted, abs=0.03)


def test_numbers_that_stand_out_do_no_harm():
    """As in BERT's layers, where a few numbers of every token are far larger than all others."""
    vectors = unit(200, 384)
    vectors[:, 7] += 0.5  # others are about 0.05
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weights = np.ones(1, dtype=np.float32)
    packed = [token_codes.pack(row[None]) for row in vectors]
    found = np.array([token_codes.maxsim(row[None], weights, packed) for row in vectors[:20]])
    assert np.corrcoef(found.ravel(), (vectors[:20] @ vectors.T).ravel())[0, 1] > 0.9


def test_a_passage_without_tokens_has_nothing_in_common():
    question, weights = HashTokens().encode_question("tide gate")
    codes = token_codes.encoded(HashTokens(), ["", "tide gate"])
    assert token_codes.maxsim(question, weights, codes) == pytest.approx([0, 1], abs=0.02)
    assert token_codes.maxsim(question, weights, codes[:1]) == [0]
    assert token_codes.maxsim(question, weights, []) == []


def test_many_texts_are_encoded_some_at_a_time():
    done = []
    codes = token_codes.encoded(HashTokens(), ["tide"] * 300, done.append)
    assert (len(codes), done) == (300, [128, 256, 300])


def test_the_rotation_is_the_same_for_ever():
    turned = token_codes.rotation(4)
    assert turned @ turned.T == pytest.approx(np.eye(4), abs=1e-6)
    assert turned[0].tolist() == pytest.approx([0.928846, -0.265949, -0.181116, 0.183613], abs=1e-5)
