"""How much of a document's true text is read: ours against PDFium's alone.

    python -m benchmarks.fidelity --data DIR

DIR/pdf_text_gt holds pdfs/ and ground_truth/ (a text of the same stem). Similarity is 1 - distance / length of the
longer text, by Levenshtein over texts with blanks collapsed. "PDFium alone" is its text of all pages, one after the
other; ours is the same text as encoders and people read it, without running headers and footers.
"""

from __future__ import annotations

import argparse
import unicodedata
from pathlib import Path

import pypdfium2 as pdfium
from rapidfuzz.distance import Levenshtein

from benchmarks import door
from ingest import furniture
from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat import config
from rag_chat.errors import NotFound
from rag_chat.sandbox import Sandbox
from rag_chat.sentences import readable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds pdf_text_gt/")
    given = parser.parse_args()
    folder = given.data / "pdf_text_gt"
    paths = sorted((folder / "pdfs").glob("*.pdf"))
    if not paths:
        raise NotFound("No pdf_text_gt/pdfs is in --data; name the folder that holds it, or skip this benchmark.")
    rows = []
    for path in paths:
        truth = _plain((folder / "ground_truth" / f"{path.stem}.txt").read_text(encoding="utf-8"))
        scores = [Levenshtein.normalized_similarity(_plain(text), truth) for text in (_pdfium(path), _ours(path))]
        rows.append((path.name, *(f"{score:.4f}" for score in scores)))
    print(door.markdown(("file", "PDFium alone", "ours"), rows))


def _pdfium(path: Path) -> str:
    document = pdfium.PdfDocument(path)
    try:
        return "\n".join(document[i].get_textpage().get_text_range() for i in range(len(document)))
    finally:
        document.close()


def _ours(path: Path) -> str:
    settings = config.load()
    with Sandbox(seconds=settings.parse_seconds, memory_mb=settings.parse_memory_mb) as sandbox:
        pages = parse(path, Limits(settings.max_file_mb, settings.max_pages), sandbox).pages
    return "\n".join(readable(body.text) for body in furniture.bodies(pages))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


if __name__ == "__main__":
    door.run(main)
