"""Writes the sample PDFs of this folder from those in `sample_texts`: `python data/samples/make_samples.py [FOLDER]`.

Knows which document gets which look and which figures. The same versions of ReportLab and Pillow write the same bytes.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from figures import EMISSIONS, REVENUE, bar_chart, harbor_cover, line_chart, pump_cover
from markup import flowables
from page_design import HEIGHT, WIDTH, Look, SampleDocument, styles, template
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.platypus import (
    Flowable,
    FrameBreak,
    Image,
    KeepTogether,
    NextPageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents
from scanned_page import scanned_page

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "sample_texts"
SOFT_HYPHEN = "\u00ad"
# Where the study may break a word at the end of a line; ReportLab itself knows no hyphenation.
BREAKS = (
    "mois-ture pol-li-na-tors thin-ned un-touched gap-ped poros-ity flower-ing dif-ference mea-sured treat-ments "
    "treat-ment dis-tances dis-tance bumble-bees bumble-bee hedge-row prevail-ing replace-ment evapo-ration "
    "photo-graphs tem-perature dis-tribution inter-action shel-tered shel-ter shel-ters con-dition farm-ers wind-break "
    "metres hec-tare aver-age prob-able through be-tween with-out be-fore spe-cies sea-sons har-vest be-side speed"
).split()


def harbor(path: Path) -> None:
    """Annual report: outline, roman front matter, contents, tables of several years, charts."""
    look = Look(
        title="Tarnwick Harbor plc: annual report 2025",
        subject="Annual report 2025",
        header="Tarnwick Harbor plc",
        ink=HexColor("#123c5a"),
        size=11.5,
        labels=((0, "ROMAN_LOWER", 1), (4, "ARABIC", 1)),
    )
    width = WIDTH - 2 * look.margin
    document = SampleDocument(str(path), look)
    inserts = {
        "cover": lambda: [
            harbor_cover(width, look.ink),
            *_cover(look, ("Tarnwick Harbor plc", "Annual report 2025", "Steady water")),
        ],
        "toc": lambda: _contents(document, look),
        "chart revenue": lambda: [bar_chart(REVENUE, width), Spacer(1, 8)],
        "chart emissions": lambda: [bar_chart(EMISSIONS, width, 170), Spacer(1, 8)],
    }
    # Every numbered chapter after the first begins on a new page; the first follows a change of template.
    text = re.sub(r"\n(?=# (?:[2-9]|1\d) )", "\n@break\n\n", _text("harbor-annual-report"))
    document.addPageTemplates(
        [template("cover", look, furniture=False), template("front", look), template("body", look)]
    )
    document.addPageTemplates(template("contents", look, columns=2))
    document.multiBuild(flowables(text, styles(look), inserts))


def study(path: Path) -> None:
    """Two-column paper: abstract over the full width, justified text with hyphenated line ends."""
    look = Look(
        title="Thin, not gapped: hedge structure, soil moisture and yield in the Ostrin valley",
        subject="Notes in Valley Ecology 14 (2025) 201-206",
        header="Thin, not gapped",
        ink=HexColor("#2f5d3a"),
        size=11,
        margin=1.9 * cm,
    )
    looks = styles(look)
    looks["chapter"] = ParagraphStyle("chapter", parent=looks["section"], fontSize=15, leading=20)
    looks["plain-caption"] = ParagraphStyle("plain-caption", parent=looks["caption"], keepWithNext=0, spaceAfter=8)
    caption = "Figure 1. Wind at one metre above the ground on the lee side."
    inserts = {
        "title": lambda: _study_title(look),
        "columns": lambda: [NextPageTemplate("body"), FrameBreak()],
        "chart wind": lambda: [KeepTogether([line_chart(8.2 * cm), Paragraph(caption, looks["plain-caption"])])],
    }
    text = "\n".join(_hyphenated(line) for line in _text("two-column-study").split("\n"))
    looks["body"] = looks["justified"]
    document = SampleDocument(str(path), look)
    document.addPageTemplates([template("first", look, columns=2, top=8.9 * cm), template("body", look, columns=2)])
    document.addPageTemplates(template("appendix", look))
    document.build(flowables(text, looks, inserts))


def pump(path: Path) -> None:
    """Maintenance manual: steps, warnings, a troubleshooting table and one page that is only a picture."""
    look = Look(
        title="RX-40 circulation pump: maintenance manual",
        subject="Maintenance manual, edition 3, May 2024",
        header="Haldrun RX-40",
        ink=HexColor("#23405c"),
        serif=False,
        size=11.5,
    )
    scan = (SOURCE / "pump-scan.txt").read_text(encoding="utf-8")
    inserts = {
        "cover": lambda: [
            Spacer(1, 40),
            pump_cover(WIDTH - 2 * look.margin, look.ink),
            *_cover(look, ("RX-40 circulation pump", "Maintenance manual", "Edition 3, May 2024")),
        ],
        "scan": lambda: [Image(scanned_page(scan), width=WIDTH - 3 * cm, height=HEIGHT - 5 * cm, kind="proportional")],
    }
    document = SampleDocument(str(path), look)
    document.addPageTemplates([template("cover", look, furniture=False), template("body", look)])
    document.addPageTemplates(template("scan", replace(look, margin=1.4 * cm), furniture=False))
    document.build(flowables(_text("pump-manual"), styles(look), inserts))


def lease(path: Path) -> None:
    """Contract: numbered clauses and an annex on a page turned by 90 degrees."""
    look = Look(
        title="Lease of business premises: the Spindle House",
        subject="Contract ML-2025-047",
        header="Lease of business premises",
        ink=HexColor("#3d2f4f"),
        size=11.5,
    )
    looks = styles(look)
    looks["chapter"] = ParagraphStyle("chapter", parent=looks["section"], fontSize=12.5, leading=16, spaceBefore=12)
    inserts = {
        "title": lambda: [Paragraph("Lease of business premises", looks["title"]), Spacer(1, 6)],
        "signatures": lambda: _signatures(looks),
    }
    document = SampleDocument(str(path), look)
    document.addPageTemplates([template("body", look), template("annex", look, turned=True)])
    document.build(flowables(_text("lease-contract"), looks, inserts))


def _text(name: str) -> str:
    return (SOURCE / f"{name}.md").read_text(encoding="utf-8")


def _hyphenated(line: str) -> str:
    if line[:1] in ("#", ">", "^", "|", "@"):
        return line
    for word in BREAKS:
        line = re.sub(rf"\b{word.replace('-', '')}\b", word.replace("-", SOFT_HYPHEN), line)
    return line


def _cover(look: Look, lines: tuple[str, str, str]) -> list[Flowable]:
    big = ParagraphStyle("big", fontName="Helvetica-Bold", fontSize=30, leading=38, textColor=look.ink)
    mid = ParagraphStyle("mid", fontName="Helvetica", fontSize=18, leading=26, textColor=look.ink)
    small = ParagraphStyle("small", fontName="Helvetica-Oblique", fontSize=13, leading=20)
    return [Spacer(1, 36), *(Paragraph(line, style) for line, style in zip(lines, (big, mid, small), strict=True))]


def _contents(document: SampleDocument, look: Look) -> list[Flowable]:
    line = {"fontName": "Times-Roman", "fontSize": 9.5, "leading": 12}
    contents = TableOfContents(formatter=lambda page: document.label(max(page, 1)), dotsMinLevel=0)
    contents.tableStyle = TableStyle([("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)])
    contents.levelStyles = [
        ParagraphStyle("contents-1", **(line | {"fontName": "Times-Bold", "fontSize": 10}), spaceBefore=5),
        ParagraphStyle("contents-2", **line, leftIndent=14),
    ]
    return [Paragraph("Contents", styles(look)["subsection"]), contents]


def _study_title(look: Look) -> list[Flowable]:
    looks = styles(look)
    people = "Renske Oakhallow<super>1</super>, Idris Pellworth<super>1</super> and Maud Sennick<super>2</super>"
    places = "<super>1</super> Institute for Field Ecology, Cawl. <super>2</super> Ostrin Valley Farmers' Circle."
    dates = "Received 4 March 2025, accepted 11 June 2025."
    return [
        Paragraph(look.title, looks["title"]),
        Paragraph(people, looks["centred"]),
        Paragraph(
            f"<i>{places} {dates}</i>", ParagraphStyle("places", parent=looks["centred"], fontSize=9, leading=12)
        ),
    ]


def _signatures(looks: dict[str, ParagraphStyle]) -> list[Flowable]:
    rule = "_" * 30
    rows = [
        [Paragraph("Signed at Wennacombe on 3 March 2025", looks["body"]), ""],
        [
            Paragraph(f"{rule}<br/>Corin Abelard<br/>for the Landlord", looks["body"]),
            Paragraph(f"{rule}<br/>Yelena Strand<br/>for the Tenant", looks["body"]),
        ],
    ]
    return [Spacer(1, 24), Table(rows, rowHeights=[40, 70])]


SAMPLES: dict[str, Callable[[Path], None]] = {
    "harbor-annual-report.pdf": harbor,
    "two-column-study.pdf": study,
    "pump-manual.pdf": pump,
    "lease-contract.pdf": lease,
}


def make(folder: Path) -> list[Path]:
    """Every sample, written to the folder; existing files of these names are replaced."""
    for name, write in SAMPLES.items():
        write(folder / name)
    return [folder / name for name in SAMPLES]


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    target.mkdir(parents=True, exist_ok=True)
    for made in make(target):
        print(f"{made.name}: {made.stat().st_size} bytes")
