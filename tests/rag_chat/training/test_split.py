"""Three parts of the pairs that share no question and no passage that answers."""

from fakes import HashEmbedder

from rag_chat.training.pairs import Pair
from rag_chat.training.split import split_of

THINGS = "rail ship road wind salt sand rope lamp fish coal".split()


def pairs(count, *, sources=1):
    return [
        Pair(f"where does the {THINGS[i % 10]} of part {i} go", f"the {THINGS[i % 10]} of part {i} goes to quay {i}",
             "", "", f"s{i % sources}")
        for i in range(count)
    ]  # fmt: skip


def test_groups_are_mined_once_and_two_tenths_are_not_learned_from(tmp_path):
    embedder, heard = HashEmbedder(), []
    split = split_of(pairs(60, sources=2), embedder, 0, tmp_path, progress=lambda *step: heard.append(step))
    assert (len(split.learned), len(split.watched), len(split.aside)) == (49, 5, 6)
    assert heard == [("mining negatives", 0, 2), ("mining negatives", 1, 2)]
    encoded = len(embedder.encoded)
    assert split_of(pairs(60, sources=2), embedder, 0, tmp_path) == split
    assert len(embedder.encoded) == encoded
    split_of(pairs(50), embedder, 0, tmp_path)  # other pairs are mined anew
    assert len(embedder.encoded) > encoded
    split_of(pairs(50), HashEmbedder("another"), 0, tmp_path)  # and so are those of another encoder
    assert len(list(tmp_path.iterdir())) == 3


def test_no_question_and_no_passage_is_in_two_parts_nor_a_claim_without_its_passage(tmp_path):
    """Two questions a passage, one of them asked of two passages; each passage gives a claim."""
    said = "Its {} is kept by the harbor master of Tarnwick for all who come by sea."
    texts = [f"Part {i}. {' '.join(said.format(f'{thing} of part {i}') for thing in THINGS[:4])}" for i in range(40)]
    made = [Pair(f"Who keeps part {i // 2} for {i % 3}?", texts[i // 2], "", "", "s") for i in range(80)]
    made += [Pair(f"Who keeps part {i} for 0?", texts[i + 1], "", "", "s") for i in range(0, 30, 6)]
    split = split_of(made, HashEmbedder(), 0, tmp_path)
    parts = [split.learned, split.watched, split.aside]
    assert all(parts)
    questions = [{group.question for group in part} for part in parts]
    numbers = [
        {group.positive.split(".")[0].split(" of ")[-1].split(" is ")[0].lower() for group in part} for part in parts
    ]
    for found in (questions, numbers):
        assert not found[0] & found[1] and not found[0] & found[2] and not found[1] & found[2]
    assert any(group.source.startswith("claims:") for group in split.learned)


def test_negatives_are_looked_for_among_other_passages_too(tmp_path):
    others = [f"the {thing} of part {i} is not here" for i, thing in enumerate(THINGS)]
    split = split_of(pairs(60), HashEmbedder(), 0, tmp_path, others=others)
    groups = [*split.learned, *split.watched, *split.aside]
    assert {text for group in groups for text in group.negatives} & set(others)
    assert not {group.positive for group in groups} & set(others)
