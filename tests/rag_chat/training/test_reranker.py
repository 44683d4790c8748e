import json
import random

import pytest
from fakes import HashEmbedder

from rag_chat import weights
from rag_chat.errors import BadDataset, BadSetting
from rag_chat.rerank.interaction import CARD_FILE, WEIGHTS_FILE, InteractionReranker
from rag_chat.scoring import Combination
from rag_chat.training.pairs import Pair, whole_titles
from rag_chat.training.reranker import groups_of, run
from rag_chat.training.run_folder import CHECKPOINT_FILE
from rag_chat.training.trainer import Recipe

THINGS = "rail ship road wind salt sand rope lamp fish coal".split()


def rows(count):
    return [
        {
            "question": f"where does the {THINGS[i % 10]} of part {i} go",
            "passage": f"the {THINGS[i % 10]} of part {i} goes to quay {i}",
            "title": f"Title {i // 5}",
        }
        for i in range(count)
    ]


def file_of(path, found):
    path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return path


def test_groups_are_mined_once_and_a_tenth_is_kept_aside(tmp_path):
    pairs = [Pair(r["question"], r["passage"], "", "", f"s{i % 2}") for i, r in enumerate(rows(60))]
    embedder, heard = HashEmbedder(), []
    learned, aside = groups_of(pairs, embedder, 0, tmp_path, lambda *step: heard.append(step))
    assert (len(learned), len(aside)) == (54, 6)
    assert heard == [("mining negatives", 0, 2), ("mining negatives", 1, 2)]
    assert not {g.question for g in learned} & {g.question for g in aside}
    encoded = len(embedder.encoded)
    assert groups_of(pairs, embedder, 0, tmp_path, None) == (learned, aside)
    assert len(embedder.encoded) == encoded
    groups_of(pairs[:50], embedder, 0, tmp_path, None)  # other pairs are mined anew
    assert len(embedder.encoded) > encoded


def test_negatives_are_looked_for_among_other_passages_too(tmp_path):
    pairs = [Pair(r["question"], r["passage"], "", "", "s") for r in rows(60)]
    others = [f"the {thing} of part {i} is not here" for i, thing in enumerate(THINGS)]
    learned, aside = groups_of(pairs, HashEmbedder(), 0, tmp_path, None, others=others)
    assert {text for group in [*learned, *aside] for text in group.negatives} & set(others)
    assert not {group.positive for group in [*learned, *aside]} & set(others)


def test_of_a_large_source_whole_titles_are_kept():
    pairs = [Pair(r["question"], r["passage"], r["title"], "", "s") for r in rows(60)]
    kept = whole_titles(pairs, 20, random.Random(0))
    assert len(kept) == 20
    assert len({pair.title for pair in kept}) == 4
    assert sorted(whole_titles(pairs, 100, random.Random(0)), key=repr) == sorted(pairs, key=repr)


def test_too_few_pairs_are_refused_with_their_number(tmp_path):
    with pytest.raises(BadDataset, match="49 pairs are too few to train on; give at least 50"):
        run([file_of(tmp_path / "a.jsonl", rows(49))], tmp_path / "out", HashEmbedder(), Recipe())


@pytest.mark.parametrize("passages", [1, 4])
def test_pairs_without_hard_negatives_are_refused(tmp_path, passages):
    few = [row | {"title": "", "passage": f"it goes to quay {i % passages}"} for i, row in enumerate(rows(60))]
    with pytest.raises(BadDataset, match="give pairs with more different passages"):
        run([file_of(tmp_path / "a.jsonl", few)], tmp_path / "out", HashEmbedder(), Recipe())


@pytest.mark.slow
def test_a_run_gives_a_folder_that_the_reranker_loads_and_goes_on_where_it_stopped(tmp_path):
    files, out = [file_of(tmp_path / "a.jsonl", rows(60))], tmp_path / "out"
    short = {"groups": 2, "negatives": 4, "passage_tokens": 32, "question_tokens": 16, "warmup": 1}
    heard = []
    fresh = Recipe(steps=2, fresh=True, **short)
    outcome = run(files, out, HashEmbedder(), fresh, progress=lambda *step: heard.append(step))
    assert outcome.out == out
    assert list(outcome.stage1) == list(outcome.shipped) == list(outcome.new) == ["kept aside"]
    assert outcome.new["kept aside"] >= outcome.stage1["kept aside"]  # cosine alone is among the combinations
    assert heard[-2:] == [("training", 1, 2), ("training", 2, 2)]
    assert {CARD_FILE, WEIGHTS_FILE, CHECKPOINT_FILE} <= {path.name for path in out.iterdir()}
    assert json.loads((out / CARD_FILE).read_text())["recipe"]["steps"] == 2
    reranker = InteractionReranker(weights.find(str(out)), weights.find("all-MiniLM-L6-v2"))
    assert all(0 <= score <= 1 for score in reranker.score("where does the rail go", ["to quay 3", "nowhere"]))

    again = run(files, out, HashEmbedder(), fresh, progress=lambda *step: heard.append(step))
    assert again.notes == ("This run had made its 2 steps before: nothing was trained, the result was measured anew.",)
    assert heard.count(("training", 2, 2)) == 1
    others = [
        file_of(tmp_path / "b.jsonl", [row | {"title": "", "question": f"so {row['question']}"} for row in rows(60)])
    ]
    with pytest.raises(BadSetting, match=r"'out' holds another run \(other pairs\)"):
        run(others, out, HashEmbedder(), fresh)
    run(others, out, HashEmbedder(), fresh, restart=True, progress=lambda *step: heard.append(step))
    assert heard.count(("training", 2, 2)) == 2
    lines = [json.loads(line)["step"] for line in (out / "losses.jsonl").read_text().splitlines()]
    assert lines == [1, 2]


@pytest.mark.slow
def test_a_run_goes_on_from_the_shipped_weights_and_says_whether_it_is_better(tmp_path):
    # A learning rate of zero: what comes out is what went in, in another precision.
    recipe = Recipe(steps=1, groups=1, passage_tokens=16, question_tokens=8, learning_rate=0.0, joint_learning_rate=0.0)
    outcome = run([file_of(tmp_path / "a.jsonl", rows(60))], tmp_path / "out", HashEmbedder(), recipe)
    assert outcome.new["kept aside"] == pytest.approx(outcome.shipped["kept aside"], abs=0.02)
    assert outcome.better == (outcome.new["kept aside"] > outcome.shipped["kept aside"])
    card = json.loads((tmp_path / "out" / CARD_FILE).read_text())
    shipped = json.loads((weights.SHIPPED / "minilm-interaction" / CARD_FILE).read_text())
    assert Combination(**card["passages"]) == Combination(
        **shipped["passages"]
    )  # what was kept aside is not used up for setting them
