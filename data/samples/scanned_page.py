"""A page whose words exist only as pixels, as a scanner would leave it.

Knows how to set text in a bitmap; knows nothing about PDF. Limit: one font, the one that comes with ReportLab.
"""

import io
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFont

DPI = 110
SIZE = (int(8.27 * DPI), int(11.69 * DPI))
FONTS = Path(reportlab.__file__).parent / "fonts"


def scanned_page(text: str) -> io.BytesIO:
    """The text as a slightly tilted grey PNG of A4 size; the first line is its title."""
    title, *lines = text.rstrip().split("\n")
    page = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(page)
    draw.text((90, 90), title, fill=40, font=ImageFont.truetype(FONTS / "VeraBd.ttf", 30))
    draw.line((90, 140, SIZE[0] - 90, 140), fill=60, width=3)
    plain = ImageFont.truetype(FONTS / "Vera.ttf", 19)
    for number, line in enumerate(lines):
        for column, x in zip(_columns(line), (90, 440, 560), strict=False):
            draw.text((x, 160 + 38 * number), column, fill=50, font=plain)
    draw.rectangle((70, 70, SIZE[0] - 70, 1120), outline=120, width=2)
    # Few grey levels keep the picture small; the tilt is what a real scan has and a picture of type has not.
    tilted = page.rotate(0.7, resample=Image.Resampling.BILINEAR, fillcolor=255).quantize(16)
    stream = io.BytesIO()
    tilted.convert("L").save(stream, "PNG", optimize=True)
    stream.seek(0)
    return stream


def _columns(line: str) -> list[str]:
    """Table rows are split at runs of spaces; every other line stays whole."""
    if not line[:3].strip().isdigit():
        return [line]
    head, _, tail = line.partition(" .")
    value, _, verdict = tail.strip(". ").partition("  ")
    return [head, value, verdict.strip()]
