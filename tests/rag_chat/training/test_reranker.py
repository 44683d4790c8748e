import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import toy_bert
from fakes import HashEmbedder
from toy_training import RECIPE as TOY
from toy_training import toy_groups

from rag_chat import weights
from rag_chat.errors import BadDataset, BadSetting
from rag_chat.rerank.interaction import CARD_FILE, WEIGHTS_FILE, InteractionReranker
from rag_chat.scoring import Combination
from rag_chat.training.pairs import Pair, whole_titles
from rag_chat.training.reranker import ASIDE, Outcome, Sources, _train, run
from rag_chat.training.run_folder import CHECKPOINT_FILE, RunFolder
from rag_chat.training.split import Split
from rag_chat.training.trainer import Recipe, Trainer

SHORT = Recipe(groups=2, negatives=4, passage_tokens=32, question_tokens=16, warmup=1)
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


def test_of_a_large_source_whole_titles_are_kept():
    pairs = [Pair(r["question"], r["passage"], r["title"], "", "s") for r in rows(60)]
    kept = whole_titles(pairs, 20, random.Random(0))
    assert len(kept) == 20
    assert len({pair.title for pair in kept}) == 4
    assert sorted(whole_titles(pairs, 100, random.Random(0)), key=repr) == sorted(pairs, key=repr)


def test_too_few_pairs_are_refused_with_their_number(tmp_path):
    with pytest.raises(BadDataset, match="49 pairs are too few to train on; give at least 50"):
        run(Sources([file_of(tmp_path / "a.jsonl", rows(49))]), tmp_path / "out", HashEmbedder(), Recipe())


def test_duplicates_do_not_make_enough_pairs(tmp_path):
    with pytest.raises(BadDataset, match=r"^48 duplicates left out of 60 pairs\. 12 pairs are too few"):
        run(Sources([file_of(tmp_path / "a.jsonl", rows(12) * 5)]), tmp_path / "out", HashEmbedder(), Recipe())


class InUse:
    """Of a reranker, what a run needs before it trains."""

    def __init__(self, name=""):
        self.name = self.sha256 = name

    def score(self, question, texts):
        return [0.5] * len(texts)


def test_the_reranker_in_use_is_not_written_over(tmp_path):
    with pytest.raises(BadSetting, match=r"^The reranker in use is in 'out'; name another folder with --out.$"):
        run(Sources(), tmp_path / "out", HashEmbedder(), Recipe(), current=InUse(str(tmp_path / "out")))


def test_what_a_run_needs_at_its_end_is_looked_at_first(tmp_path):
    with pytest.raises(BadDataset, match=r"holds no corpus\.jsonl"):
        run(Sources(tune=[tmp_path]), tmp_path / "out", HashEmbedder(), Recipe(), current=InUse())
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="--out 'file' is a file"):
        RunFolder(tmp_path / "file", {})
    with pytest.raises(BadDataset, match="is a folder; name a file of pairs"):
        run(Sources([tmp_path]), tmp_path / "out", HashEmbedder(), Recipe(), current=InUse())


def test_what_was_tuned_on_does_not_decide():
    outcome = Outcome({}, {"set": 0.1, ASIDE: 0.8}, {"set": 0.9, ASIDE: 0.7}, Path("out"))
    assert not outcome.better
    assert replace(outcome, new={"set": 0.0, ASIDE: 0.81}).better


def toy_run(out, *, rate=3e-3, stop_at=None):
    """A run of 30 steps on toy groups, measured every three; the recipe's learning rate is that of both parts."""
    recipe = replace(TOY, learning_rate=rate, joint_learning_rate=rate)
    made = Trainer(toy_bert.encoder(), toy_bert.tokenizer(), recipe)

    def progress(what, done, total):
        if done == stop_at:
            raise KeyboardInterrupt

    groups = toy_groups()
    folder = RunFolder(out, {"steps": 30})
    return made, _train(made, Split(groups[:12], groups[12:], []), Combination(1.0, 1.0, 1.0), folder, progress)


def test_a_run_that_gets_no_better_stops_and_keeps_the_weights_that_ranked_best(tmp_path):
    made, (best, notes) = toy_run(tmp_path, rate=0.0)
    assert (made.descent.step, best.step) == (9, 0)
    assert notes == (
        "Ended after 9 of 30 steps: the last 3 measurements found nothing better.",
        "Of 9 steps the weights after step 0 are kept: they rank 4 questions best that nothing was learned from.",
    )
    again, (kept, notes) = toy_run(tmp_path, rate=0.0)
    assert (again.descent.step, kept.step) == (9, 0)
    assert notes[0].startswith("This run had made its 9 steps before")


def test_an_interrupted_run_chooses_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("rag_chat.training.reranker.CHECKPOINT_EVERY", 2)  # between measurements, at times with them
    made, (whole, _) = toy_run(tmp_path / "whole")
    assert whole.step > 0
    with pytest.raises(KeyboardInterrupt):
        toy_run(tmp_path / "cut", stop_at=5)
    resumed, (best, _) = toy_run(tmp_path / "cut")
    assert (best.step, best.score, best.missed) == (whole.step, whole.score, whole.missed)
    assert all(torch.equal(weight, whole.weights[name]) for name, weight in best.weights.items())
    assert resumed.descent.step == made.descent.step


@pytest.mark.parametrize("passages", [1, 4])
def test_pairs_without_hard_negatives_are_refused(tmp_path, passages):
    few = [row | {"title": "", "passage": f"it goes to quay {i % passages}"} for i, row in enumerate(rows(60))]
    with pytest.raises(BadDataset, match="give pairs with more different passages"):
        run(Sources([file_of(tmp_path / "a.jsonl", few)]), tmp_path / "out", HashEmbedder(), Recipe(), current=InUse())


@pytest.mark.slow
def test_a_run_gives_a_folder_that_the_reranker_loads_and_another_run_is_told_apart(tmp_path):
    sources, out = Sources([file_of(tmp_path / "a.jsonl", rows(60))]), tmp_path / "out"
    heard = []
    fresh = replace(SHORT, steps=2, fresh=True)
    outcome = run(sources, out, HashEmbedder(), fresh, progress=lambda *step: heard.append(step))
    assert outcome.out == out
    assert list(outcome.stage1) == list(outcome.before) == list(outcome.new) == [ASIDE]
    assert heard[-2:] == [("training", 1, 2), ("training", 2, 2)]
    assert {CARD_FILE, WEIGHTS_FILE, CHECKPOINT_FILE} <= {path.name for path in out.iterdir()}
    assert json.loads((out / CARD_FILE).read_text())["recipe"]["steps"] == 2
    reranker = InteractionReranker(weights.find(str(out)), weights.find("all-MiniLM-L6-v2"))
    assert all(0 <= score <= 1 for score in reranker.score("where does the rail go", ["to quay 3", "nowhere"]))

    # A second round is compared with the first one's result.
    asked = [row | {"title": "", "question": f"so {row['question']}"} for row in rows(60)]
    others = replace(sources, pairs=[file_of(tmp_path / "b.jsonl", asked)])
    with pytest.raises(BadSetting, match=r"'out' holds another run \(other pairs\)"):
        run(others, out, HashEmbedder(), fresh)
    second = run(others, tmp_path / "second", HashEmbedder(), fresh, current=reranker)
    lexical_alone = replace(reranker.card, passages=Combination(0.0, 0.0, 0.0, -1.0))  # a bad one
    reranker.card = lexical_alone
    third = run(others, tmp_path / "second", HashEmbedder(), fresh, current=reranker)
    assert third.notes[0].startswith("This run had made its 2 steps before")
    assert third.new == second.new
    assert third.before[ASIDE] < second.before[ASIDE]


@pytest.mark.slow
def test_a_run_goes_on_from_the_shipped_weights_and_their_probabilities_stay(tmp_path):
    # A learning rate of zero: what comes out is what went in, in another precision.
    recipe = replace(SHORT, steps=1, learning_rate=0.0, joint_learning_rate=0.0)
    outcome = run(Sources([file_of(tmp_path / "a.jsonl", rows(60))]), tmp_path / "out", HashEmbedder(), recipe)
    assert outcome.new[ASIDE] == pytest.approx(outcome.before[ASIDE], abs=0.02)
    assert outcome.better == (outcome.new[ASIDE] > outcome.before[ASIDE])
    card = Combination(**json.loads((tmp_path / "out" / CARD_FILE).read_text())["passages"])
    shipped = Combination(**json.loads((weights.SHIPPED / "minilm-interaction" / CARD_FILE).read_text())["passages"])
    # What was kept aside is not used up for setting the order.
    assert replace(card, scale=shipped.scale, offset=shipped.offset) == shipped
    assert (card.scale, card.offset) == pytest.approx((shipped.scale, shipped.offset), rel=0.1)
