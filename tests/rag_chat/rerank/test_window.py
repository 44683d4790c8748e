import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_chat import weights
from rag_chat.bert import load_tokenizer
from rag_chat.rerank import window

QUESTION = "When does the tide gate open?"
FILLER = "Pumps move heat and grain is moved by rail. " * 40
ANSWER = "The tide gate opens at five."


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(weights.find("all-MiniLM-L6-v2"))


def read(tokenizer, *texts, question=QUESTION, limit=window.TOKENS):
    """What of each text is read, as text; checks what holds of every window."""
    found = window.ids(tokenizer, question, texts, limit)
    assert all(len(ids) <= limit for ids in found)
    assert all(ids[0] == tokenizer.cls_token_id and ids[-1] == tokenizer.sep_token_id for ids in found)
    return [tokenizer.decode(ids[1:-1]) for ids in found]


def test_a_short_text_is_read_whole_and_none_is_none(tokenizer):
    assert read(tokenizer, ANSWER, "") == ["the tide gate opens at five.", ""]
    assert window.ids(tokenizer, QUESTION, []) == []


@pytest.mark.parametrize("before", [0, 1, 3])
def test_of_a_long_text_the_stretch_that_says_what_is_asked(tokenizer, before):
    (seen,) = read(tokenizer, FILLER * before + ANSWER + FILLER)
    assert "the tide gate opens at five." in seen


def test_what_is_said_has_words_on_both_sides(tokenizer):
    (seen,) = read(tokenizer, FILLER + ANSWER + FILLER)
    start = seen.index("the tide gate")
    assert min(start, len(seen) - start) > len(seen) / 4


def test_the_line_in_front_goes_with_it(tokenizer):
    (seen,) = read(tokenizer, f"harbor | Tides\n{FILLER}{ANSWER}{FILLER}")
    assert seen.startswith("harbor | tides") and "opens at five" in seen


def test_a_long_first_line_is_no_line_in_front(tokenizer):
    (seen,) = read(tokenizer, f"{FILLER}\n{ANSWER}{FILLER}")
    assert "opens at five" in seen and not seen.startswith("pumps move heat and grain is moved by rail. pumps move" * 9)


@pytest.mark.parametrize("line", ["7 " * 90, "7-" * 95, "7-" * 95 + "tide"])
def test_of_a_line_of_many_tokens_the_beginning(tokenizer, line):
    long, short = read(tokenizer, f"{line}\n{FILLER}{ANSWER}{FILLER}", f"{line}\n{ANSWER}")
    assert long.startswith("7") and short.startswith("7") and "opens at five" in long and "opens at five" in short


def test_where_nothing_is_said_the_beginning(tokenizer):
    (seen,) = read(tokenizer, "First words. " + FILLER)
    assert seen.startswith("first words.")


def test_a_word_that_few_texts_have_weighs_more(tokenizer):
    often = "The gate of the harbor. "
    (seen, *_) = read(tokenizer, often + FILLER + "The tide. " + FILLER, *[often + FILLER] * 5)
    assert "the tide." in seen


def test_where_no_blanks_are_written_too(tokenizer):
    filler = "きしゃはこめをはこふ。" * 40
    (seen,) = read(tokenizer, f"{filler}みなとはこしにひらく。{filler}", question="みなとはいつひらく?")
    assert "みなと" in seen.replace(" ", "").replace("##", "")


def test_a_window_has_no_more_than_it_may(tokenizer):
    (seen,) = read(tokenizer, f"harbor\n{FILLER}{ANSWER}{FILLER}", limit=40)
    assert seen.startswith("harbor") and "opens at five" in seen


PIECES = st.lists(
    st.sampled_from(["tide", "Tide\n", "7-7", "gate's", "\n", "潮門は", "\u0301", "x" * 30, "[SEP]", " ", "é. "])
)


@settings(max_examples=60, deadline=None)
@given(PIECES.map(" ".join), st.lists(PIECES.map(lambda parts: " ".join(parts * 8)), max_size=3), st.integers(8, 40))
def test_whatever_the_texts_are(tokenizer, question, texts, limit):
    assert len(read(tokenizer, *texts, question=question, limit=limit)) == len(texts)
