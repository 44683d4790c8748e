import pytest
from fakes import OverlapReranker
from values import candidate, chunk, passage

from rag_chat.chat.passages import MOST_SENTENCES, best_quotes, quotable, select
from rag_chat.scoring import QuoteOrder
from rag_chat.sentences import readable

PAGE = "The tide gate opens at five. Grain is moved by rail to the quay. The pump has a long guarantee."


class Fixed:
    """A PairScorer with scores by text."""

    def __init__(self, scores=None, default=0.5):
        self.scores, self.default, self.seen = scores or {}, default, []

    def score(self, question, texts):
        self.seen = list(texts)
        return [self.scores.get(text, self.default) for text in texts]


def ranked(*chunks):
    return [candidate(c, rank=rank) for rank, c in enumerate(chunks, start=1)]


def test_the_best_are_numbered_from_one_up_to_the_count():
    found = select(ranked(*(chunk(f"Text {i}.", page=i) for i in range(1, 8))), 3)
    assert [(p.number, p.chunk.first_page) for p in found] == [(1, 1), (2, 2), (3, 3)]
    assert select([], 3) == ()


@pytest.mark.parametrize(("start", "kept"), [(39, 1), (40, 2), (41, 2)])
def test_a_chunk_that_mostly_repeats_a_better_one_gives_way(start, kept):
    # Of 100 characters each, 100 - start are shared; more than 60 are too many.
    assert len(select(ranked(chunk("a" * 100), chunk("b" * 100, start=start)), 5)) == kept


def test_the_same_offsets_of_another_page_are_no_repetition():
    assert len(select(ranked(chunk("a" * 100, page=1), chunk("b" * 100, page=2)), 5)) == 2


def test_the_same_text_in_another_document_is_a_repetition():
    same, other = chunk("Grain is moved.", doc_id="e"), chunk("Grain was moved", doc_id="f")
    assert [p.chunk.doc_id for p in select(ranked(chunk("Grain is moved."), same, other), 5)] == ["d", "f"]


LONG = (
    "The tide gate opens at {} in the morning, grain moves by rail to the northern quay, pumps carry a long guarantee."
)


@pytest.mark.parametrize(
    ("other", "kept"), [(LONG.format(5).replace("morning,", "early morning;"), 1), (LONG.format(6), 2)]
)
def test_a_copy_in_another_version_is_a_repetition_unless_a_number_differs(other, kept):
    found = select(ranked(chunk(LONG.format(5)), chunk(other, doc_id="e"), chunk(other, page=9)), 5)
    assert len(found) == kept


def test_quotes_are_verbatim_places_of_their_passage():
    found = quotable([passage(chunk(PAGE.replace(" is ", " \nis "), start=30))])
    assert [q.text for q in found] == [
        "The tide gate opens at five.",
        "Grain is moved by rail to the quay.",
        "The pump has a long guarantee.",
    ]
    assert [readable(q.passage.chunk.text[q.start : q.end]) for q in found] == [q.text for q in found]
    assert found[1].passage.chunk.text[found[1].start : found[1].end] == "Grain \nis moved by rail to the quay."


def test_a_sentence_that_two_chunks_share_counts_for_the_first():
    first, second = passage(chunk(PAGE)), passage(chunk(PAGE[29:], start=29), 2)
    assert [q.passage.number for q in quotable([first, second])] == [1, 1, 1]
    assert [q.passage.number for q in quotable([second, first])] == [2, 2, 1]


def test_a_running_head_is_no_quote():
    pages = [passage(chunk(f"Annual report of Tarnwick.\n\nGrain of part {i} is dry.", page=i), i) for i in (1, 2)]
    assert [q.text for q in quotable(pages)] == ["Grain of part 1 is dry.", "Grain of part 2 is dry."]


def test_what_two_pages_or_two_versions_state_alike_is_a_quote():
    said = "The quorum of the board is five."
    pages = [passage(chunk(f"{said}\n\nMrs Okafor spoke on item {i}.", page=i), i) for i in (1, 2)]
    assert next(q.text for q in quotable(pages)) == said
    versions = [
        passage(chunk(f"Dues\nJuniors pay half.\n\nThe fee is {i} euros.", doc_id=str(i)), i) for i in (85, 120)
    ]
    assert "Juniors pay half." in [q.text for q in quotable(versions)]
    years = "For the years ended 2022 2021 2020"
    heads = [passage(chunk(f"{years}\n\nSales of part {i} grew.", page=i), i) for i in (1, 2)]
    assert years not in [q.text for q in quotable(heads)]  # of columns
    row = "Total assets 3,200 3,100"
    rows = [passage(chunk(f"{row}\nOther assets {i}00 {i}10", page=i), i) for i in (1, 2)]
    assert row in [q.text for q in quotable(rows)]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What is the torque for fault code E163?", "E163 pump fault, torque 61 Nm."),
        ("What is the torque for fault e-169?", "E169 board fault, torque 69 Nm."),
        ("Is the torque of FY22 fault E169 or E163?", "E169 board fault, torque 69 Nm."),
        ("Which torque does a board fault need?", "E169 board fault, torque 69 Nm."),
    ],
)
def test_a_neighbour_with_another_code_is_no_answer(question, first):
    text = "E163 pump fault, torque 61 Nm.\n\nE169 board fault, torque 69 Nm."
    scorer = Fixed({"E169 board fault, torque 69 Nm.": 0.5}, default=0.1)
    assert best_quotes(question, [passage(text)], scorer, 2)[0].text == first


def test_the_score_multiplies_the_odds_of_sentence_and_passage():
    scorer = Fixed({"Grain is moved by rail to the quay.": 0.5, "The tide gate opens at five.": 0.125}, default=0.02)
    found = best_quotes("How?", [passage(PAGE, score=0.32)], scorer, 2)
    assert [q.text for q in found] == ["Grain is moved by rail to the quay.", "The tide gate opens at five."]
    assert [q.score for q in found] == pytest.approx([0.32, 0.06299], abs=1e-5)  # odds 1 * 8/17, 1/7 * 8/17


def test_a_heading_that_only_repeats_the_question_is_no_quote():
    text = (
        "2 Guarantee of the pump\n\nThe guarantee of the pump lasts thirty months and is free.\n\nIs there a guarantee?"
    )
    found = best_quotes("What is the guarantee of the pump?", [passage(text)], OverlapReranker(), 5)
    assert [q.text for q in found] == ["The guarantee of the pump lasts thirty months and is free."]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many employees does Acme have?", "Acme has 4,000 employees."),
        ("Net revenue of 2021?", "Net revenue 2021 4,200"),
    ],
)
def test_a_sentence_or_table_row_may_answer_with_one_word(question, text):
    assert [q.text for q in best_quotes(question, [passage(text)], OverlapReranker(), 5)] == [text]


def test_the_work_for_one_question_is_bounded():
    scorer = Fixed()
    text = " ".join(f"Ship {i} carried fresh grain today." for i in range(200))
    best_quotes("What?", [passage(text)], scorer, 5)
    assert len(scorer.seen) == MOST_SENTENCES
    assert scorer.seen[0] == "Ship 0 carried fresh grain today."


def test_without_sentences_there_are_no_quotes():
    assert best_quotes("What?", [passage("12\n\n13")], OverlapReranker(), 5) == ()
    assert best_quotes("What?", [], OverlapReranker(), 5) == ()


ROWS = "Code\tMeaning\nE101\tTank empty\tFill it\nE207\tHopper empty\tRefill\nVB\tE207\tEUR 64"
LIST = f"{ROWS}\nAfter E207 call the service."


@pytest.mark.parametrize("question", ["What does E207 mean?", "E207?", "error code E207", "what to do at E-207"])
def test_a_code_alone_is_looked_up_in_its_list(question):
    scorer = Fixed({"After E207 call the service.": 0.7}, default=0.1)
    found = best_quotes(question, [passage(text=LIST)], scorer, 3, order=QuoteOrder(passage=0.0))
    assert [q.text for q in found] == ["E207 Hopper empty Refill", "After E207 call the service.", "VB E207 EUR 64"]
    assert [round(q.score, 2) for q in found] == [0.86, 0.7, 0.45]


@pytest.mark.parametrize("question", ["How heavy is E207?", "What does E999 mean?", "What does it mean?"])
def test_a_question_that_asks_more_or_for_another_code_lifts_nothing(question):
    scorer = Fixed({"After E207 call the service.": 0.7}, default=0.1)
    assert all(q.text != "E207 Hopper empty Refill" for q in best_quotes(question, [passage(text=LIST)], scorer, 1))


def test_a_row_is_scored_under_the_names_of_its_columns():
    table = "Model\tWater tank\tBean hopper\nVesta\t1.8 l\t250 g"
    scorer = Fixed()
    best_quotes("How large is the hopper?", [passage(text=table)], scorer, 1)
    assert "Model Water tank Bean hopper Vesta 1.8 l 250 g" in scorer.seen


DISMISSAL = (
    "The employer may end it without notice if the worker:\n(a) steals from the till; or\n(b) lies.\n"
    "Notice is given in writing."
)


def test_a_sentence_that_announces_items_has_them_and_each_is_there_alone():
    found = [quote.text for quote in quotable([passage(chunk(DISMISSAL))])]
    whole = readable(DISMISSAL.rsplit("\n", 1)[0])
    assert found == [
        whole,
        "(a) steals from the till; or",
        "Notice is given in writing.",
    ]  # "(b) lies." has too few words
    long = DISMISSAL.replace("steals", "steals " * 120)
    assert quotable([passage(chunk(long))])[0].text == "The employer may end it without notice if the worker:"


@pytest.mark.parametrize("better", [0, 1])
def test_an_item_and_its_list_are_not_quoted_both(better):
    *both, last = (quote.text for quote in quotable([passage(chunk(DISMISSAL))]))
    first = both[better]
    found = best_quotes("When?", [passage(chunk(DISMISSAL))], Fixed({first: 0.9}), 5)
    assert [quote.text for quote in found] == [first, last]


def test_a_heading_has_the_steps_below_it_and_no_other_heading():
    said = "How to claim\n1. Call us within a week.\n2. Keep what is broken.\n(a) Photographs help us a lot."
    found = [quote.text for quote in quotable([passage(chunk(said))])]
    assert found[0] == "How to claim 1. Call us within a week. 2. Keep what is broken."
    assert "1. Call us within a week." in found and "How to claim" not in found
    clauses = "End of lease\n(1) The tenant may go in May.\n(2) The landlord may go in June."
    assert quotable([passage(chunk(clauses))])[1].text == "(1) The tenant may go in May."
    alone = quotable([passage(chunk("How to claim\n1. Call us within a week.\nWe are there by day."))])
    assert alone[0].text == "How to claim"
    later = quotable([passage(chunk("Claims\n3. Send it back to us."))])  # the steps before are elsewhere
    assert [quote.text for quote in later] == ["3. Send it back to us."]


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("To fit it:\n1. Hook it in.\nNOTE: Both hooks must hold.\n2. Push it back.\n3. Check it.", True),
        ("To fit it:\n• Hook it in. Both hooks must hold.\n• Push it back and\ndown.\n• Check it.", True),
        (
            "Members pay if they:\n(a) come often. This is counted.\n(b) stay long.\nIt is seen at the gate.\n(c) eat.",
            True,
        ),
        ("To fit it:\n1. Hook it in.\n2. Push it back.\nTo take it off, do this.\n1. Pull at it.", False),
        ("To fit it:\n1. Hook it in.\n2. Push it back.\nAnother way:\n1. Pull at it.\n3. Check it.", False),
        ("They eat:\n• Hay and straw.\nIn winter others come.\n• They eat meat.", False),
        ("To fit it:\n1. Hook it in.\nIt may jam. Then wait a while. Ask us about it.\n2. Push it back.", False),
    ],
)
def test_a_note_between_two_steps_does_not_end_the_list_but_another_list_does(said, whole):
    found = quotable([passage(chunk(said))])[0].text
    assert (found == readable(said)) is whole
    assert found.count(":") > 0


def test_a_row_of_two_words_can_be_quoted():
    assert "3 25%" in [quote.text for quote in quotable([passage(chunk("Years Discount\n1 10%\n3 25%\n5 40%"))])]


def test_the_number_of_a_heading_says_nothing_new():
    page = passage(chunk("2. Appointment and Duties\nThe worker keeps the gate of the harbour."))
    quotes = best_quotes("What are the duties of the worker?", [page], Fixed(), 5)
    assert [quote.text for quote in quotes] == ["The worker keeps the gate of the harbour."]
