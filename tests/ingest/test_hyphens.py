from ingest.hyphens import MARK, settle
from rag_chat.sentences import readable
from rag_chat.types import Page


def test_line_end_hyphen_goes_or_stays_as_the_documents_own_words_say():
    text = (
        f"They termi{MARK}nate it. To terminate non{MARK}public work, non the public. Section 1.280G{MARK}1. X{MARK}Ray"
    )
    page = settle([Page(1, "1", text)])[0]
    assert len(page.text) == len(text)
    assert (
        readable(page.text)
        == "They terminate it. To terminate non-public work, non the public. Section 1.280G-1. X-Ray"
    )
