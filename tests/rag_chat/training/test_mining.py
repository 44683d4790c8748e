import numpy as np
import pytest
from fakes import HashEmbedder

from rag_chat.training.mining import mine, text_of
from rag_chat.training.pairs import Pair

THINGS = "rail ship road wind salt sand rope lamp fish coal heat pump".split()


def pair(i, question=None, passage=None, answer="", title=""):
    passage = passage or f"the grain goes by {THINGS[i]} number {i}"
    return Pair(question or f"how does the grain go {THINGS[i]}", passage, title, answer, "own")


PAIRS = [pair(i) for i in range(12)]


def test_a_group_holds_the_positive_its_negatives_and_stage_ones_cosines():
    embedder = HashEmbedder(dimension=512)
    groups = mine(PAIRS, embedder, negatives=5, seed=0)
    assert [group.question for group in groups] == [p.question for p in PAIRS]
    for group, source in zip(groups, PAIRS, strict=True):
        assert group.positive == source.passage
        assert len(set(group.negatives)) == len(group.negatives) == 5
        assert group.positive not in group.negatives
        asked = embedder.encode_query(group.question)
        expected = [float(embedder.encode_query(t) @ asked) for t in (group.positive, *group.negatives)]
        assert group.cosines == pytest.approx(expected, abs=1e-6)


def test_the_same_seed_gives_the_same_groups_and_another_one_others():
    first, again, other = (mine(PAIRS, HashEmbedder(), negatives=6, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_half_of_the_negatives_are_the_nearest():
    embedder = HashEmbedder(dimension=512)
    for group in mine(PAIRS, embedder, negatives=6, seed=3):
        asked = embedder.encode_query(group.question)
        others = [p.passage for p in PAIRS if p.passage != group.positive]
        nearest = sorted((float(embedder.encode_query(t) @ asked) for t in others), reverse=True)[:3]
        assert sorted(group.cosines[1:4], reverse=True) == pytest.approx(nearest, abs=1e-6)


def test_another_right_answer_to_the_same_question_is_no_negative():
    twice = [*PAIRS, pair(0, PAIRS[0].question, "the grain also goes by rail in winter")]
    found = {(g.question, g.positive): g for g in mine(twice, HashEmbedder(), negatives=11, seed=0)}
    assert "the grain also goes by rail in winter" not in found[PAIRS[0].question, PAIRS[0].passage].negatives
    assert PAIRS[0].passage not in found[PAIRS[0].question, "the grain also goes by rail in winter"].negatives


def group_of(asked, others):
    groups = mine([asked, *others], HashEmbedder(dimension=512), negatives=20, seed=0)
    return next(group for group in groups if group.positive == asked.passage)


def test_a_passage_with_the_answer_in_it_is_no_negative():
    asked = pair(0, "how does the grain go", "grain goes by rail", answer="By  Rail")
    others = [pair(1, passage="all grain goes by rail, not by road"), pair(2, passage="grain goes by railway")]
    negatives = group_of(asked, [*others, *PAIRS[3:]]).negatives
    assert others[0].passage not in negatives
    assert others[1].passage in negatives


def test_without_an_answer_what_is_clearly_nearer_than_the_positive_is_left_out():
    # Cosines to the question's five words: 2 / 5 of the positive, 5 / 5 and 2 / 5 of the others.
    asked = pair(0, "how does the grain go", "grain will go at night")
    clearly, alike = "go grain the does how", ["a rope does burn how", "the fish go too fast"]
    more = ["a fish swims with no lamp", "some coal burns in an oven"]
    negatives = group_of(
        asked, [pair(i, f"why {i}", text) for i, text in enumerate([clearly, *alike, *more])]
    ).negatives
    assert clearly not in negatives
    assert set(alike) <= set(negatives)


def test_a_pair_with_fewer_than_four_negatives_is_left_out():
    assert mine(PAIRS[:4], HashEmbedder(dimension=512), negatives=5, seed=0) == []
    assert len(mine(PAIRS[:5], HashEmbedder(dimension=512), negatives=5, seed=0)) == 5


def test_the_title_stands_in_front_once():
    assert text_of(pair(0, passage="It opens.", title="Gate")) == "Gate. It opens."
    assert text_of(pair(0, passage="Gate: it opens.", title="Gate")) == "Gate: it opens."


def test_of_a_long_passage_what_is_around_the_answer_is_kept():
    long = "word " * 400 + "the answer stands here " + "word " * 400
    text = text_of(pair(0, passage=long, answer="answer stands"))
    assert "the answer stands here" in text
    assert len(text) <= 1200
    assert text.startswith("word ")
    assert text_of(pair(0, passage=long)) == long


class Nowhere(HashEmbedder):
    """Sees no difference between the texts of the corpus but their length."""

    def encode_query(self, text):
        vector = np.zeros(self.dimension, dtype=np.float32)
        vector[:2] = 1, len(text) / 10_000
        return vector / np.linalg.norm(vector)


def test_what_has_the_rare_word_of_the_question_is_a_negative_though_stage_one_does_not_see_it():
    asked = pair(0, "where is the lighthouse", "it stands at the quay")
    decoy = "no lighthouse was ever built in the town, whose only tower is that of the old church by the market hall"
    far = [pair(1, f"why {i}", f"some text number {i}" + " more" * (i % 7)) for i in range(80)]
    groups = mine([asked, pair(2, "why", decoy), *far], Nowhere(), negatives=10, seed=0)
    assert decoy in next(group for group in groups if group.positive == asked.passage).negatives


class Knowing:
    """Gives each text a probability that stands in it."""

    def score(self, question, texts):
        return [float(text.split()[-1]) for text in texts]


def test_without_an_answer_what_the_scorer_puts_far_above_the_positive_is_left_out():
    texts = ["grain 0.5", "ship 0.1", "road 0.6", "wind 0.72", "salt 0.74", "sand 0.9", "rope 0.4", "fish 0.3"]
    pairs = [pair(0, f"why {i}", text) for i, text in enumerate(texts)]
    groups = mine(pairs, HashEmbedder(dimension=512), negatives=7, seed=0, scorer=Knowing())
    first = next(group for group in groups if group.positive == "grain 0.5")
    # log-odds of 0.5 are 0, of 0.72 0.94, of 0.74 1.05
    assert set(first.negatives) == {"ship 0.1", "road 0.6", "wind 0.72", "rope 0.4", "fish 0.3"}
    assert len(first.cosines) == 6
    known = [pair(0, f"why {i}", text, answer="no such") for i, text in enumerate(texts)]
    assert all(
        len(g.negatives) == 7 for g in mine(known, HashEmbedder(dimension=512), negatives=7, seed=0, scorer=Knowing())
    )
