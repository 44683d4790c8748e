"""Tables over many pages: each row once, the header with every chunk, what runs on the pages in none."""

import pytest
from fakes import HashEmbedder
from pdfs import prose, write_pdf

from ingest.chunk import Limit, cut
from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat.sandbox import Sandbox
from rag_chat.types import Page

COMPANY = "Tarn Shipping plc"
HEADER = "Quay Cargo Tons Value Duty"


def rows(first, last):
    return [
        f"Berth {row} grain {row * 37 % 1000:,} {row * 7919 % 100000:,} {row * 104729 % 1000000:,}"
        for row in range(first, last)
    ]


def printed(*texts):
    return [Page(n, str(n), " \n".join(lines)) for n, lines in enumerate(texts, start=1)]


def chunks(pages):
    """The lines of each chunk."""
    made = cut("d" * 64, "a.pdf", pages, (), limit=Limit(250, 40), count=HashEmbedder().token_counts)
    return [[line.strip() for line in c.chunk.text.split("\n") if line.strip()] for c in made]


def test_five_thousand_rows_on_a_hundred_pages_with_the_header_on_each(tmp_path):
    pages = [[COMPANY, HEADER, *rows(50 * n, 50 * n + 50), f"Page {n + 1} of 100"] for n in range(100)]
    with Sandbox(seconds=30, memory_mb=1024) as sandbox:
        parsed = parse(write_pdf(tmp_path / "quays.pdf", pages), Limits(max_file_mb=10, max_pages=100), sandbox)
    made = chunks(parsed.pages)
    assert all(lines[0] == HEADER for lines in made)
    assert [line for lines in made for line in lines[1:]] == rows(0, 5000)


@pytest.mark.parametrize(
    "header",
    [["Quay Cargo 2025 2024 Change"], ["Year ended December 31,", "2025 2024 2023"], ["Grain moved,", "tons, value"]],
    ids=" / ".join,
)
def test_reprinted_headers_of_other_kinds(header):
    made = chunks(printed(*([f"Page {n}", COMPANY, *header, *rows(40 * n, 40 * n + 40)] for n in range(4))))
    assert all(lines[: len(header)] == header for lines in made)
    assert [line for lines in made for line in lines[len(header) :]] == rows(0, 160)


@pytest.mark.parametrize(
    "total",
    ["Total {0} {0},500 {0}7", "Total {0}.50", "Total {0} {0} 0", "Total 0 0 0"],
)
def test_totals_at_the_foot_of_each_page_stay(total):
    totals = [total.format(n * 7919 % 1000) for n in range(10)]
    made = chunks(
        printed(
            *([COMPANY, HEADER, *rows(30 * n, 30 * n + 30), totals[n], f"{n + 1} / 10", "Tarn 2025"] for n in range(10))
        )
    )
    assert all(lines[0] == HEADER for lines in made)
    assert [line for lines in made for line in lines if line.startswith("Total")] == totals
    assert not any(line in (COMPANY, "Tarn 2025") or "/ 10" in line for lines in made for line in lines)


def test_header_on_a_page_with_a_total_only_is_still_the_header():
    made = chunks(
        printed(*([COMPANY, HEADER, *rows(30 * n, 30 * n + 30)] for n in range(2)), [COMPANY, HEADER, "Total 9"])
    )
    assert all(lines[0] == HEADER for lines in made)
    assert [line for lines in made for line in lines if line != HEADER] == [*rows(0, 60), "Total 9"]


def test_header_printed_once_goes_along_and_the_company_above_each_page_does_not():
    table = [[COMPANY, *([HEADER] if n == 0 else []), *rows(40 * n, 40 * n + 40), f"{n + 1}"] for n in range(5)]
    made = chunks(printed(*table, [COMPANY, *prose(9), "6"], [COMPANY, *prose(8), "7"]))
    of_table = [lines for lines in made if lines[-1].startswith("Berth")]
    assert all(lines[0] == HEADER for lines in of_table)
    assert [line for lines in of_table for line in lines[1:]] == rows(0, 200)
    assert not any(line in (COMPANY, "6") for lines in made for line in lines)
