"""Turns the light markup of the sample texts into ReportLab flowables.

Knows blocks (headings, paragraphs, lists, steps, warnings, tables, inserts); knows nothing about pages or documents.
Limit: a block ends at an empty line, and inline markup is ReportLab's own (<b>, <i>).
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, KeepTogether, NextPageTemplate, PageBreak, Paragraph, Spacer, Table, TableStyle

Styles = Mapping[str, ParagraphStyle]
Inserts = Mapping[str, Callable[[], list[Flowable]]]


class Heading(Paragraph):
    """A paragraph that also goes into the outline and the table of contents."""

    def __init__(self, text: str, style: ParagraphStyle, *, level: int, key: str) -> None:
        super().__init__(text, style)
        self.outline_level = level
        self.outline_text = text
        self.outline_key = key


def flowables(source: str, styles: Styles, inserts: Inserts) -> list[Flowable]:
    """The story of one document, in the order of its blocks."""
    keys = (f"heading-{n}" for n in itertools.count(1))
    blocks = [block.strip() for block in source.split("\n\n")]
    return [item for block in blocks if block for item in _block(block, styles, inserts, keys)]


def _block(block: str, styles: Styles, inserts: Inserts, keys: Iterator[str]) -> list[Flowable]:
    mark, _, rest = block.partition(" ")
    if mark == "@template":
        return [NextPageTemplate(rest), PageBreak()]
    if mark == "@break":
        return [PageBreak()]
    if mark.startswith("@"):
        return inserts[block[1:]]()
    if mark in ("#", "##"):
        level = len(mark) - 1
        return [Heading(rest, styles[("chapter", "section")[level]], level=level, key=next(keys))]
    if mark in ("^", "|"):
        return _table(block, styles)
    if mark in ("!W", "!N"):
        return _box(rest, styles["warning" if mark == "!W" else "note"])
    if mark == "-":
        return [_item(line[2:], "•", styles) for line in block.split("\n")]
    if mark.rstrip(".").isdigit():
        return [_step(line, styles) for line in block.split("\n")]
    if mark == "=":
        number, _, clause = rest.partition(" ")
        return [Paragraph(clause, styles["clause"], bulletText=number)]
    names = {"###": "subsection", ">": "small"}
    return [Paragraph(rest, styles[names[mark]])] if mark in names else [Paragraph(block, styles["body"])]


def _item(text: str, bullet: str, styles: Styles) -> Paragraph:
    return Paragraph(text, styles["item"], bulletText=bullet)


def _step(line: str, styles: Styles) -> Paragraph:
    number, _, text = line.partition(" ")
    return _item(text, number, styles)


def _box(text: str, style: ParagraphStyle) -> list[Flowable]:
    return [Spacer(1, 4), Paragraph(text, style), Spacer(1, 6)]


def _table(block: str, styles: Styles) -> list[Flowable]:
    lines = block.split("\n")
    caption = [Paragraph(lines.pop(0)[2:], styles["caption"])] if lines[0].startswith("^") else []
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    numeric = [column > 0 and _is_numeric(row[column] for row in rows[1:]) for column in range(len(rows[0]))]
    cells = [
        [
            _cell(cell, row is rows[0], styles["cell-right" if right else "cell"])
            for cell, right in zip(row, numeric, strict=True)
        ]
        for row in rows
    ]
    table = Table(cells, colWidths=_widths(rows), repeatRows=1, hAlign="LEFT")
    table.setStyle(_table_style(styles, numeric))
    return [KeepTogether([*caption, table, Spacer(1, 10)])]


def _is_numeric(cells: Iterable[str]) -> bool:
    filled = [cell.replace("<b>", "") for cell in cells if cell]
    return all(len(cell) < 16 for cell in filled) and sum(cell[0] in "-+0123456789" for cell in filled) * 2 > len(
        filled
    )


def _cell(text: str, header: bool, style: ParagraphStyle) -> Paragraph:
    return Paragraph(f"<b>{text}</b>" if header and text else text, style)


def _widths(rows: list[list[str]]) -> list[str]:
    longest = [
        max(len(row[column].replace("<b>", "").replace("</b>", "")) for row in rows) for column in range(len(rows[0]))
    ]
    weights = [min(max(length, 12), 42) for length in longest]
    return [f"{100 * weight / sum(weights):.2f}%" for weight in weights]


def _table_style(styles: Styles, numeric: list[bool]) -> TableStyle:
    ink = styles["chapter"].textColor
    after_numbers = [column for column in range(1, len(numeric)) if numeric[column - 1] and not numeric[column]]
    return TableStyle(
        [
            ("LINEABOVE", (0, 0), (-1, 0), 1, ink),
            ("LINEBELOW", (0, 0), (-1, 0), 0.6, ink),
            ("LINEBELOW", (0, 1), (-1, -2), 0.25, colors.HexColor("#c9ced6")),
            ("LINEBELOW", (0, -1), (-1, -1), 1, ink),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            *(("LEFTPADDING", (column, 0), (column, -1), 18) for column in after_numbers),
        ]
    )
