"""A small drawing vocabulary: scales, axes, marks; standalone SVG that is right in light and in dark."""

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mesic.report.style import DARK, FONT, LIGHT
from mesic.report.words import safe

WIDE, NARROW = 760.0, 360.0
TEXT_PX = 13.0

STYLE = f"""svg.chart{{{LIGHT};font:{TEXT_PX:g}px {FONT}}}
@media (prefers-color-scheme:dark){{svg.chart{{{DARK}}}}}
svg.chart:root{{background:var(--paper)}}
.chart text{{fill:var(--ink);font-variant-numeric:tabular-nums}}
.chart .soft{{fill:var(--soft)}}
.chart .halo{{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}}
.chart .grid{{stroke:var(--line)}}.chart .axis{{stroke:var(--quiet)}}"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """Maps values to pixels, linearly or by logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value, kept within the scale."""
        low, high, value = (self._bent(v) for v in (self.low, self.high, value))
        share = 0.5 if high == low else (value - low) / (high - low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def _bent(self, value: float) -> float:
        return math.log(max(value, self.low)) if self.log else value

    def ticks(self, spacing: float = 80) -> list[float]:
        """Return round values within the scale, about `spacing` pixels apart.

        Examples
        --------
        >>> Scale(0, 1, 0, 400).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        >>> Scale(80, 12_000, 0, 300, log=True).ticks()
        [100.0, 1000.0, 10000.0]
        """
        if self.high <= self.low:
            return [self.low]
        count = max(2.0, abs(self.end - self.start) / spacing)
        return self._log_ticks(count) if self.log else _even_ticks(self.low, self.high, count)

    def _log_ticks(self, count: float) -> list[float]:
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
            ticks = [float(f"{step}e{power}") for power in powers for step in steps]
            inside = [tick for tick in ticks if self.low <= tick <= self.high]
            if len(inside) <= count + 1:
                break
        thinned = inside[:: max(1, math.ceil(len(inside) / (count + 1)))]
        return thinned if len(thinned) > 1 else _even_ticks(self.low, self.high, count)


def _even_ticks(low: float, high: float, count: float) -> list[float]:
    step = _round_step((high - low) / count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= raw * 0.999)


def short(value: float) -> str:
    """Return a tick's label.

    Examples
    --------
    >>> short(0.25), short(1500), short(2_000_000), short(3e9), short(-0.0)
    ('0.25', '1,500', '2M', '3B', '0')
    """
    for size, letter in ((1e9, "B"), (1e6, "M")):
        if size <= abs(value) < 1e13:
            return f"{value / size:,g}{letter}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value or 0:g}"


def text_width(text: str, size: float = TEXT_PX) -> float:
    """Return about how many pixels a text takes; fonts differ, so it is rather too many."""
    broad = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return size * (0.6 * (len(text) - broad) + 1.05 * broad)


def shortened(text: str, room: float, size: float = TEXT_PX) -> str:
    """Return as much of a text as fits.

    Examples
    --------
    >>> shortened("tenure", 100), shortened("an_uncommonly_long_name", 75)
    ('tenure', 'an_uncom…')
    """
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(kept + "…", size) > room:
        kept = kept[:-1]
    return kept + "…"


@dataclass
class Drawing:
    """An SVG in the making.

    Parameters
    ----------
    width, height
        In pixels; it shrinks with its container.
    title
        Read to those who do not see it.
    """

    width: float
    height: float
    title: str
    parts: list[str] = field(default_factory=list)

    @property
    def is_narrow(self) -> bool:
        """Whether it is drawn for a phone."""
        return self.width < (WIDE + NARROW) / 2

    def line(self, start: Point, end: Point, *, style: str = "", css: str = "") -> None:
        """Draw a straight line."""
        ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
        self.parts.append(f"<line {ends}{_look(style, css)}/>")

    def path(self, points: Sequence[Point], style: str) -> None:
        """Draw a line through points."""
        self.parts.append(f'<polyline points="{_pixels(points)}"{_look("fill:none;" + style)}/>')

    def curve(self, points: Sequence[Point], style: str) -> None:
        """Draw a smooth line through points from left to right; it swings past none of them."""
        if len(points) > 1:
            self.parts.append(f'<path d="{_smooth(points)}"{_look("fill:none;" + style)}/>')

    def area(self, points: Sequence[Point], style: str) -> None:
        """Fill a polygon."""
        self.parts.append(f'<polygon points="{_pixels(points)}"{_look(style)}/>')

    def box(self, corner: Point, size: Point, style: str, *, note: str = "", radius: float = 2) -> None:
        """Draw a rectangle; `note` shows under the pointer."""
        where = f'x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{max(size[0], 0):.1f}" height="{max(size[1], 0):.1f}"'
        self.parts.append(f'<rect {where} rx="{radius:g}"{_look(style)}>{_tip(note)}</rect>')

    def dot(self, centre: Point, radius: float, style: str, *, note: str = "") -> None:
        """Draw a point; `note` shows under the pointer."""
        where = f'cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{radius:g}"'
        self.parts.append(f"<circle {where}{_look(style)}>{_tip(note)}</circle>")

    def text(
        self, where: Point, text: str, *, anchor: str = "start", css: str = "", style: str = "", turn: float = 0
    ) -> None:
        """Write a line of text, turned by degrees around its anchor."""
        turned = f' transform="rotate({turn:g} {where[0]:.1f} {where[1]:.1f})"' if turn else ""
        place = f'x="{where[0]:.1f}" y="{where[1]:.1f}" text-anchor="{anchor}"{turned}'
        self.parts.append(f"<text {place}{_look(style, css)}>{safe(text)}</text>")

    def centred(self, x: float, y: float, text: str, *, within: Point, css: str = "halo", style: str = "") -> None:
        """Write text around x, moved so that it stays between two pixels."""
        half = text_width(text) / 2
        x = max(within[0] + half, min(within[1] - half, x))
        self.text((x, y), text, anchor="middle", css=css, style=style)

    def axis_x(self, scale: Scale, y: float, top: float, *, shown: Callable[[float], str] = short) -> None:
        """Draw the horizontal axis with ticks and grid."""
        ticks = scale.ticks(60 if self.is_narrow else 80)
        for tick in ticks:
            self.line((scale(tick), top), (scale(tick), y), css="grid")
            self.centred(scale(tick), y + 18, shown(tick), within=(0, self.width), css="soft")
        self.line((scale.start, y), (scale.end, y), css="axis")

    def axis_y(self, scale: Scale, x: float, right: float, *, shown: Callable[[float], str] = short) -> None:
        """Draw the vertical axis with ticks and grid."""
        for tick in scale.ticks(56):
            self.line((x, scale(tick)), (right, scale(tick)), css="grid")
            self.text((x - 8, scale(tick) + 4), shown(tick), anchor="end", css="soft")

    def svg(self) -> str:
        """Return the SVG, standalone and fit for a page."""
        size = f'viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" height="{self.height:g}"'
        name, css = safe(self.title), "chart narrow" if self.is_narrow else "chart wide"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" class="{css}" role="img" aria-label="{name}" {size}>'
        return f"{head}<title>{name}</title><style>{STYLE}</style>{''.join(self.parts)}</svg>"


def _pixels(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _look(style: str, css: str = "") -> str:
    return (f' class="{css}"' if css else "") + (f' style="{style}"' if style else "")


def _tip(note: str) -> str:
    return f"<title>{safe(note)}</title>" if note else ""


def _smooth(points: Sequence[Point]) -> str:
    """Return a monotone cubic path (F. N. Fritsch, R. E. Carlson, SIAM J. Numer. Anal. 17, 1980)."""
    slopes = _slopes(points)
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for place, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        third = (x1 - x0) / 3
        first, second = (x0 + third, y0 + third * slopes[place]), (x1 - third, y1 - third * slopes[place + 1])
        path += f"C{first[0]:.1f},{first[1]:.1f} {second[0]:.1f},{second[1]:.1f} {x1:.1f},{y1:.1f}"
    return path


def _slopes(points: Sequence[Point]) -> list[float]:
    steps = [(y1 - y0) / (x1 - x0) if x1 > x0 else 0.0 for (x0, y0), (x1, y1) in pairwise(points)]
    inner = [2 * a * b / (a + b) if a * b > 0 else 0.0 for a, b in pairwise(steps)]
    return [steps[0], *inner, steps[-1]]
