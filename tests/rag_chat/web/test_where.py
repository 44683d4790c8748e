"""Where the questions of a tab go."""

import pytest

from rag_chat.errors import BadSetting, NotFound
from rag_chat.types import Document
from rag_chat.web.where import Where, where_html

OLD = Document("old", "old.pdf", "", 9, 9, 1, "2025-03-01T10:00:00+00:00", ())
NEW = Document("new", "new.pdf", "", 9, 9, 1, "2026-03-01T10:00:00+00:00", ())
BOTH = [OLD, NEW]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(), None),
        (Where(("old", "gone")), ("old",)),
        (Where(since="2026-01-01"), ("new",)),
        (Where(until="2025-03-01"), ("old",)),
        (Where(pages=(2, 3)), None),
    ],
)
def test_which_documents_a_question_goes_to(where, expected):
    assert where.documents(BOTH) == expected


def test_where_the_days_leave_none_nothing_is_asked_of_all():
    with pytest.raises(NotFound, match="No document was added in that time"):
        Where(("old",), since="2026-01-01").documents(BOTH)


def test_where_all_that_was_ticked_is_gone_nothing_is_asked_of_all():
    where = Where(("gone",))
    with pytest.raises(NotFound, match="What was ticked under Documents is no longer in the library"):
        where.documents(BOTH)
    assert "no document: what was ticked is gone" in where_html(where, BOTH)


def test_the_fields_of_the_form():
    where = Where(("old",)).narrow({"pages": " 2-3 ", "since": "2026-01-31", "until": ""})
    assert where == Where(("old",), (2, 3), "2026-01-31", "")
    assert where.narrow({"pages": "7"}) == Where(("old",), (7, 7))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pages": "9-3"}, "Pages '9-3' is no range of pages; write 7 or 10-20"),
        ({"pages": "0"}, "is no range of pages"),
        ({"since": "yesterday"}, "'yesterday' as `Added from` is no date; write it as 2024-01-31"),
        ({"until": "2026-02-30"}, "is no date"),
    ],
)
def test_what_is_no_page_and_no_date(given, said):
    with pytest.raises(BadSetting, match=said):
        Where().narrow(given)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (Where(), "Questions go to all documents. Tick some"),
        (Where(("old",)), "Questions go to 1 of 2."),
        (Where(pages=(7, 7)), "Questions go to page 7 of all documents."),
        (Where(("old",), (2, 3)), "Questions go to pages 2 to 3 of 1 of 2."),
        (Where(since="2030-01-01"), "Questions go to no document: none was added in that time."),
    ],
)
def test_it_is_said_in_words(where, said):
    assert said in where_html(where, BOTH)


def test_what_is_set_stays_in_the_form():
    html = where_html(Where(pages=(2, 3), since="2026-01-31"), BOTH)
    assert '<details class="narrow" open>' in html
    assert 'name="pages" value="2-3"' in html and 'name="since" value="2026-01-31"' in html
    assert " open" not in where_html(Where(("old",)), BOTH)
    assert where_html(Where(), []) == ""
