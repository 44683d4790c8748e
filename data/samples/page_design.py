"""Styles and page templates that the sample documents share.

Knows fonts, colours, headers, footers, labels and rotation; does not know what any document says.
Limit: A4 only, and only the fonts that every PDF reader has built in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_JUSTIFY, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

WIDTH, HEIGHT = A4


@dataclass(frozen=True, slots=True)
class Look:
    """What makes one document look unlike another."""

    title: str
    subject: str
    header: str
    ink: Color
    serif: bool = True
    size: float = 10.5
    margin: float = 2.6 * cm
    labels: Sequence[tuple[int, str, int]] = field(default=((0, "ARABIC", 1),))  # (page index, style, first number)


class SampleDocument(BaseDocTemplate):
    """Writes outline entries, page labels and running headers while the story is laid out."""

    def __init__(self, path: str, look: Look) -> None:
        super().__init__(
            path, pagesize=A4, invariant=1, title=look.title, subject=look.subject, author="rag_chat samples"
        )
        self.look = look

    def afterFlowable(self, flowable: Flowable) -> None:
        if (level := getattr(flowable, "outline_level", None)) is None:
            return
        self.canv.bookmarkPage(flowable.outline_key)
        self.canv.addOutlineEntry(flowable.outline_text, flowable.outline_key, level, closed=level > 0)
        self.notify("TOCEntry", (level, flowable.outline_text, self.page, flowable.outline_key))

    def label(self, page: int) -> str:
        """The label of a physical page (from 1), as printed in the footer and written to /PageLabels."""
        first, style, start = [entry for entry in self.look.labels if entry[0] < page][-1]
        number = page - 1 - first + start
        return ("", "i", "ii", "iii", "iv", "v", "vi")[number] if style == "ROMAN_LOWER" else str(number)


def template(
    name: str, look: Look, *, columns: int = 1, top: float = 0, furniture: bool = True, turned: bool = False
) -> PageTemplate:
    """A page of one or two columns; `top` keeps room above them, `turned` makes a /Rotate 90 landscape page."""
    width, height = (HEIGHT, WIDTH) if turned else (WIDTH, HEIGHT)
    gap = 0.7 * cm
    column = (width - 2 * look.margin - gap * (columns - 1)) / columns
    bottom, ceiling = 2.3 * cm, height - 2.5 * cm - top
    frames = [
        Frame(
            look.margin + n * (column + gap),
            bottom,
            column,
            ceiling - bottom,
            leftPadding=0,
            rightPadding=0,
            topPadding=0,
            bottomPadding=0,
        )
        for n in range(columns)
    ]
    if top:
        frames.insert(0, Frame(look.margin, ceiling, width - 2 * look.margin, top, leftPadding=0, rightPadding=0))

    def start_page(canvas: Canvas, document: SampleDocument) -> None:
        if turned:
            canvas.transform(0, 1, -1, 0, WIDTH, 0)
        if document.page == 1:
            _write_labels(canvas, look)
        if furniture:
            _furniture(canvas, document, width, height)

    # For a turned page ReportLab swaps the sides of the page size itself, so it gets the size as seen.
    page = PageTemplate(id=name, frames=frames, onPage=start_page, pagesize=(width, height))
    page.rotation = 90 if turned else 0
    return page


def _write_labels(canvas: Canvas, look: Look) -> None:
    for first, style, start in look.labels:
        canvas.addPageLabel(first, style=style, start=start)
    canvas.showOutline()


def _furniture(canvas: Canvas, document: SampleDocument, width: float, height: float) -> None:
    look = document.look
    canvas.saveState()
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(HexColor("#5c6470"))
    canvas.drawString(look.margin, height - 1.5 * cm, look.header)
    canvas.drawRightString(width - look.margin, height - 1.5 * cm, look.subject)
    canvas.drawCentredString(width / 2, 1.3 * cm, document.label(document.page))
    canvas.setStrokeColor(look.ink)
    canvas.setLineWidth(0.5)
    canvas.line(look.margin, height - 1.7 * cm, width - look.margin, height - 1.7 * cm)
    canvas.restoreState()


def styles(look: Look) -> dict[str, ParagraphStyle]:
    """Every style that the markup names, for one look."""
    face, bold = ("Times-Roman", "Times-Bold") if look.serif else ("Helvetica", "Helvetica-Bold")
    size, ink = look.size, look.ink
    body = ParagraphStyle(
        "body",
        fontName=face,
        fontSize=size,
        leading=size * 1.38,
        spaceAfter=size * 0.65,
        bulletFontName=face,
        bulletFontSize=size,
    )
    head = ParagraphStyle("head", fontName="Helvetica-Bold", textColor=ink, keepWithNext=1)
    box = ParagraphStyle(
        "box",
        parent=body,
        fontName=face,
        borderPadding=6,
        leftIndent=8,
        rightIndent=8,
        borderWidth=0.8,
        spaceBefore=6,
        spaceAfter=6,
    )
    cell = ParagraphStyle("cell", fontName="Helvetica", fontSize=8.5, leading=10.8)
    return {
        "body": body,
        "justified": ParagraphStyle("justified", parent=body, alignment=TA_JUSTIFY, embeddedHyphenation=1),
        "chapter": ParagraphStyle(
            "chapter", parent=head, fontSize=size * 1.8, leading=size * 2.2, spaceBefore=size, spaceAfter=size
        ),
        "section": ParagraphStyle(
            "section",
            parent=head,
            fontSize=size * 1.15,
            leading=size * 1.5,
            spaceBefore=size * 0.7,
            spaceAfter=size * 0.4,
        ),
        "subsection": ParagraphStyle(
            "subsection", parent=head, fontSize=size * 1.3, leading=size * 1.7, spaceBefore=size, spaceAfter=size * 0.5
        ),
        "item": ParagraphStyle("item", parent=body, leftIndent=18, bulletIndent=2, spaceAfter=size * 0.35),
        "clause": ParagraphStyle("clause", parent=body, leftIndent=30, bulletIndent=0),
        "small": ParagraphStyle("small", parent=body, fontSize=size * 0.88, leading=size * 1.15),
        "caption": ParagraphStyle(
            "caption",
            fontName="Helvetica-Bold",
            fontSize=8.5,
            leading=11,
            textColor=ink,
            spaceBefore=6,
            spaceAfter=4,
            keepWithNext=1,
        ),
        "warning": ParagraphStyle(
            "warning", parent=box, borderColor=HexColor("#b3261e"), backColor=HexColor("#fdeceb")
        ),
        "note": ParagraphStyle("note", parent=box, borderColor=ink, backColor=HexColor("#eef3f8")),
        "cell": cell,
        "cell-right": ParagraphStyle("cell-right", parent=cell, alignment=TA_RIGHT),
        "title": ParagraphStyle(
            "title", fontName=bold, fontSize=20, leading=24, textColor=ink, alignment=1, spaceAfter=8
        ),
        "centred": ParagraphStyle("centred", parent=body, alignment=1),
    }
