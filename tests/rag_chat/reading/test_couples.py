import toy_bert

from rag_chat.reading.couples import MOST_TOKENS, coupled, padded


def test_offsets_are_places_in_the_second_text_only():
    tokenizer = toy_bert.tokenizer()
    first, second = coupled(tokenizer, ["gate", "gate tide pump"], ["grain rail", "salt"])
    assert first.offsets == [(-1, -1), (-1, -1), (-1, -1), (0, 5), (6, 10), (-1, -1)]
    assert first.types == [0, 0, 0, 1, 1, 1]
    assert [tokenizer.decode([i]) for i in second.ids] == ["[CLS]", "gate", "tide", "pump", "[SEP]", "salt", "[SEP]"]


def test_odd_signs_are_read_as_usual_ones_and_offsets_are_places_in_what_is_written():
    text = "gr\u00adain (ﬁsh) ra-\nil"
    (row,) = coupled(toy_bert.tokenizer(), ["t\u200bide"], [text])
    assert toy_bert.tokenizer().decode([i for i in row.ids if i > 3 or i == 1]) == "tide grain [UNK] fish [UNK] rail"
    assert [text[a:b] for a, b in row.offsets if a >= 0] == ["gr\u00adain", "(", "ﬁsh", ")", "ra-\nil"]


def test_a_long_question_leaves_room_for_the_text_and_a_long_text_is_cut():
    (row,) = coupled(toy_bert.tokenizer(), ["gate " * 500], ["grain " * 1000])
    assert len(row.ids) == MOST_TOKENS
    assert sum(start >= 0 for start, _ in row.offsets) > MOST_TOKENS // 2


def test_padding_is_masked():
    rows = coupled(toy_bert.tokenizer(), ["gate", "gate"], ["grain rail salt", "salt"])
    batch = padded(rows, "cpu")
    assert batch.ids.shape == batch.types.shape == batch.mask.shape == (2, 7)
    assert batch.mask.sum(dim=1).tolist() == [7, 5]
