"""Covers and charts of the sample documents, drawn as vectors.

Knows the numbers of its charts (they repeat what the texts say); does not know where a figure will stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.linecharts import HorizontalLineChart
from reportlab.graphics.shapes import Circle, Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor, white

PALE = HexColor("#c9ced6")


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart, stacked where it has several series."""

    title: str
    categories: Sequence[str]
    series: Sequence[Sequence[float]]
    names: Sequence[str]
    shades: Sequence[str]


REVENUE = Bars(
    "Revenue by business, EUR million",
    ("2021", "2022", "2023", "2024", "2025"),
    ((104.0, 111.2, 118.9, 124.6, 133.8), (31.6, 36.5, 42.3, 48.7, 59.2), (46.8, 48.4, 50.5, 51.6, 54.3)),
    ("Cargo handling", "Cold storage", "Ferry terminals"),
    ("#123c5a", "#4d8fb3", "#b9d3e0"),
)
EMISSIONS = Bars(
    "Carbon dioxide, thousand tonnes",
    ("2023", "2024", "2025", "2028 goal"),
    ((41.0, 38.6, 31.2, 24.0),),
    ("All three harbors",),
    ("#4d8fb3",),
)


def bar_chart(bars: Bars, width: float, height: float = 190) -> Drawing:
    """The chart with its title above and a legend beneath."""
    drawing = Drawing(width, height)
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 34, 42, width - 60, height - 72
    chart.data = [list(row) for row in bars.series]
    chart.categoryAxis.categoryNames = list(bars.categories)
    chart.categoryAxis.style = "stacked"
    chart.categoryAxis.labels.fontName = chart.valueAxis.labels.fontName = "Helvetica"
    chart.categoryAxis.labels.fontSize = chart.valueAxis.labels.fontSize = 8
    chart.categoryAxis.strokeColor = chart.valueAxis.strokeColor = PALE
    chart.valueAxis.valueMin, chart.groupSpacing = 0, 18
    for index, shade in enumerate(bars.shades):
        chart.bars[index].fillColor, chart.bars[index].strokeColor = HexColor(shade), white
    drawing.add(chart)
    drawing.add(
        String(0, height - 14, bars.title, fontName="Helvetica-Bold", fontSize=8.5, fillColor=HexColor("#123c5a"))
    )
    _legend(drawing, bars.names, bars.shades)
    return drawing


def line_chart(width: float, height: float = 170) -> Drawing:
    """Wind behind the hedges by distance, as section 3.1 of the study tells it."""
    drawing = Drawing(width, height)
    chart = HorizontalLineChart()
    chart.x, chart.y, chart.width, chart.height = 28, 52, width - 40, height - 72
    chart.data = [(45, 38, 58, 83, 95), (60, 51, 54, 66, 84), (70, 118, 112, 97, 99)]
    chart.categoryAxis.categoryNames = ["1", "2", "5", "10", "15"]
    chart.categoryAxis.labels.fontName = chart.valueAxis.labels.fontName = "Helvetica"
    chart.categoryAxis.labels.fontSize = chart.valueAxis.labels.fontSize = 7
    chart.valueAxis.valueMin, chart.valueAxis.valueMax, chart.valueAxis.valueStep = 0, 125, 25
    shades = ("#2f5d3a", "#7fb069", "#c97b2d")
    for index, shade in enumerate(shades):
        chart.lines[index].strokeColor, chart.lines[index].strokeWidth = HexColor(shade), 1.6
    drawing.add(chart)
    drawing.add(
        String(width / 2, 28, "Distance in hedge heights", fontName="Helvetica", fontSize=7, textAnchor="middle")
    )
    drawing.add(String(0, height - 10, "Wind, % of open field", fontName="Helvetica", fontSize=7))
    _legend(drawing, ("Untouched", "Thinned", "In line of a gap"), shades, step=66)
    return drawing


def _legend(drawing: Drawing, names: Sequence[str], shades: Sequence[str], step: float = 110) -> None:
    for index, (name, shade) in enumerate(zip(names, shades, strict=True)):
        x = 28 + index * step
        drawing.add(Rect(x, 8, 8, 8, fillColor=HexColor(shade), strokeColor=None))
        drawing.add(String(x + 12, 9, name, fontName="Helvetica", fontSize=7.5))


def harbor_cover(width: float, ink: Color) -> Drawing:
    """A sea, a crane and a low sun."""
    drawing = Drawing(width, 330)
    drawing.add(Rect(0, 0, width, 330, fillColor=HexColor("#e4eef3"), strokeColor=None))
    drawing.add(Circle(width * 0.72, 118, 46, fillColor=HexColor("#f2c572"), strokeColor=None))
    for depth, shade in enumerate(("#8fb8cc", "#4d8fb3", "#123c5a")):
        drawing.add(Rect(0, 0, width, 112 - 36 * depth, fillColor=HexColor(shade), strokeColor=None))
    _crane(drawing, 70, ink)
    _crane(drawing, 150, ink)
    return drawing


def _crane(drawing: Drawing, x: float, ink: Color) -> None:
    for start, end in (((0, 100), (0, 215)), ((40, 100), (40, 215)), ((-34, 215), (120, 215)), ((20, 262), (120, 215))):
        drawing.add(Line(x + start[0], start[1], x + end[0], end[1], strokeColor=ink, strokeWidth=4))
    for start, end in (((20, 262), (-34, 215)), ((20, 262), (20, 215)), ((0, 160), (40, 160)), ((96, 215), (96, 150))):
        drawing.add(Line(x + start[0], start[1], x + end[0], end[1], strokeColor=ink, strokeWidth=2))
    drawing.add(Rect(x + 82, 132, 28, 18, fillColor=HexColor("#c8553d"), strokeColor=None))


def pump_cover(width: float, ink: Color) -> Drawing:
    """The outline of a pump between two pipes."""
    drawing = Drawing(width, 260)
    middle = width / 2
    for y in (60, 150):
        drawing.add(Rect(middle - 170 if y == 150 else middle + 10, y, 160, 26, fillColor=PALE, strokeColor=ink))
    drawing.add(Circle(middle, 118, 66, fillColor=HexColor("#dfe7ee"), strokeColor=ink, strokeWidth=2.5))
    drawing.add(Circle(middle, 118, 26, fillColor=white, strokeColor=ink, strokeWidth=2))
    drawing.add(Rect(middle - 34, 184, 68, 66, fillColor=ink, strokeColor=ink))
    for rib in range(5):
        drawing.add(Line(middle - 34, 194 + 11 * rib, middle + 34, 194 + 11 * rib, strokeColor=white, strokeWidth=1.5))
    drawing.add(Rect(middle - 60, 36, 120, 14, fillColor=ink, strokeColor=ink))
    return drawing
