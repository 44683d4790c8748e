import gzip
import json
import random

import pytest

from rag_chat.errors import BadDataset
from rag_chat.training.pairs import Pair, apart, claims, distinct, gather

ROW = {"question": " When? ", "passage": "At five.", "title": "Gate", "answer": "five", "source": "own"}


def write(path, *rows, end="\n"):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + end)
    return path


def read_pairs(path):
    return gather([path]).pairs


def test_a_line_is_a_pair(tmp_path):
    assert read_pairs(write(tmp_path / "a.jsonl", ROW)) == [Pair("When?", "At five.", "Gate", "five", "own")]


def test_what_is_missing_or_null_gets_its_default_and_blank_lines_are_passed_over(tmp_path):
    bare = {"question": "Who?", "passage": "Lind."}
    null = bare | {"question": "Where?", "title": None, "answer": None, "source": None}
    found = read_pairs(write(tmp_path / "a.jsonl", bare, "", null, end="\n\n"))
    assert found == [Pair(question, "Lind.", "", "", "a.jsonl") for question in ("Who?", "Where?")]


def test_a_compressed_file_is_read_alike(tmp_path):
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as file:
        file.write(json.dumps(ROW))
    assert [pair.question for pair in read_pairs(tmp_path / "a.jsonl.gz")] == ["When?"]


def test_the_mark_that_windows_editors_put_in_front_is_passed_over(tmp_path):
    write(tmp_path / "a.jsonl", "\ufeff" + json.dumps(ROW))
    assert [pair.question for pair in read_pairs(tmp_path / "a.jsonl")] == ["When?"]


def test_other_languages_and_unanswerable_questions_are_left_out_and_named(tmp_path):
    left_out = [{"lang": "de"}, {"answerable": False}]
    kept = [{"lang": "en"}, {"answerable": True, "question": "Who?"}]
    found = gather([write(tmp_path / "a.jsonl", *(ROW | row for row in left_out + kept))])
    assert [pair.question for pair in found.pairs] == ["When?", "Who?"]
    assert found.notes == ("2 in other languages or without an answer left out of 4 pairs.",)
    file = write(tmp_path / "b.jsonl", ROW | {"lang": "de"})
    with pytest.raises(BadDataset, match=r"^No pair can be trained on: .* all 1 are in other languages"):
        gather([file])
    rated = found.pairs[:1]
    assert gather([file], rated).pairs == rated


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[1]",
        '"text"',
        '{"question": "Who?"}',
        '{"question": 1, "passage": "x"}',
        json.dumps(ROW | {"title": 3}),
        json.dumps(ROW | {"title": "What \ud800 is"}),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(tmp_path, bad):
    with pytest.raises(BadDataset, match=r"Line 2 of 'a.jsonl'"):
        read_pairs(write(tmp_path / "a.jsonl", ROW, bad))


@pytest.mark.parametrize("empty", [{"question": " "}, {"passage": ""}])
def test_an_empty_text_is_named_by_file_and_number(tmp_path, empty):
    with pytest.raises(BadDataset, match=r"^Line 3 of 'a.jsonl' has an empty `question` or `passage`; fill it or take"):
        read_pairs(write(tmp_path / "a.jsonl", ROW, "", ROW | empty))


def test_of_the_same_pair_the_first_counts_whatever_its_blanks_and_capitals():
    first, other = Pair("Who?", "Ada  Lind.", "", "", "a"), Pair("Who?", "Nobody.", "", "", "a")
    again = Pair("who?", "ada lind.", "Other title", "Lind", "b")
    found = distinct([first, again, other, first])
    assert found == [first, other]
    assert gather([], [first, again, other, first]).notes == ("2 duplicates left out of 4 pairs.",)
    assert gather([], [first, other]).notes == ()


def test_what_is_kept_aside_shares_no_question_and_no_passage_with_the_rest():
    """Two questions a passage, and every tenth question is asked of the next passage too."""
    pairs = [Pair(f"question {i}?", f"Passage {i // 2}.", "", "", "s") for i in range(100)]
    pairs += [Pair(f"Question {i}?", f"passage {i // 2 + 1}.", "", "", "t") for i in range(0, 100, 10)]
    for seed in range(10):
        rest, aside = apart(pairs, 0.1, 500, random.Random(seed))
        assert len(rest) + len(aside) == 110
        assert 11 <= len(aside) <= 22
        for text in (lambda p: p.question.lower(), lambda p: p.passage.lower()):
            assert not {text(p) for p in rest} & {text(p) for p in aside}
    assert len(apart(pairs, 0.1, 4, random.Random(0))[1]) <= 8


def test_pairs_that_all_hang_together_leave_nothing_aside():
    pairs = [Pair(f"q{i}", "The only passage.", "", "", "s") for i in range(60)]
    assert apart(pairs, 0.1, 500, random.Random(0)) == (pairs, [])


def test_a_file_that_is_not_there_or_damaged(tmp_path):
    with pytest.raises(BadDataset, match=r"No file 'gone.jsonl'"):
        read_pairs(tmp_path / "gone.jsonl")
    whole = gzip.compress(json.dumps(ROW).encode() * 50)
    for number, content in enumerate([b"no gzip", whole[:-20], whole[:20] + b"\xff" * 30]):
        (tmp_path / f"{number}.jsonl.gz").write_bytes(content)
        with pytest.raises(BadDataset, match=f"'{number}.jsonl.gz' cannot be read"):
            read_pairs(tmp_path / f"{number}.jsonl.gz")
    (tmp_path / "latin.jsonl").write_bytes(b'{"question": "\xe9t\xe9"')
    with pytest.raises(BadDataset, match=r"'latin.jsonl' cannot be read"):
        read_pairs(tmp_path / "latin.jsonl")


LONG = [f"Sentence number {i} of this passage tells about the grain of the harbor." for i in range(4)]


def test_a_claim_is_a_sentence_and_the_rest_of_its_passage():
    (claim,) = claims([Pair("q", " ".join(LONG), "Grain", "", "own")], 5, random.Random(0))
    assert claim.question in LONG
    assert claim.passage == " ".join(s for s in LONG if s != claim.question)
    assert (claim.title, claim.source, claim.answer) == ("Grain", "claims:own", "")


def test_short_passages_and_short_sentences_make_no_claims():
    few, brief = (
        Pair("q", " ".join(LONG[:3]), "", "", "s"),
        Pair("q", "It is. He was. She had. We are. So.", "", "", "s"),
    )
    assert claims([few, brief], 5, random.Random(0)) == []


def test_as_many_claims_as_wanted_each_from_another_passage():
    pairs = [Pair(f"q{i % 5}", f"Part {i % 10} is here. {' '.join(LONG)}", "", "", "s") for i in range(20)]
    made = claims(pairs, 7, random.Random(0))
    assert len(made) == 7
    assert len({pair.passage.split(". ")[0] for pair in made}) >= 6
    assert len(claims(pairs, 100, random.Random(0))) == 10
