"""A small drawing vocabulary: scales, axes, marks; standalone SVG that is right in light and in dark."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

STYLE = """
svg.chart{--ink:#1d2430;--soft:#5c6675;--line:#d5dae2;--a:#2f6fb3;--b:#c9622b;--zone:#3a9a5f;--paper:#fff;
font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;max-width:100%;height:auto}
@media (prefers-color-scheme:dark){svg.chart{--ink:#e6e9ee;--soft:#9aa5b5;--line:#3a4351;--a:#6fb0f2;--b:#f0965f;
--zone:#5fc98a;--paper:#161b22}}
.chart text{fill:var(--ink)}.chart .soft{fill:var(--soft)}.chart .grid{stroke:var(--line);stroke-width:1}
.chart .axis{stroke:var(--soft);stroke-width:1}
"""


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
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, max(value, self._least())))
        share = 0.5 if high == low else (value - low) / (high - low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def _least(self) -> float:
        return self.low if self.log else -math.inf

    def ticks(self, count: int = 5) -> list[float]:
        """Return round values within the scale.

        Examples
        --------
        >>> Scale(0, 1, 0, 100).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        if self.log:
            return _log_ticks(self.low, self.high)
        if self.high <= self.low:
            return [self.low]
        step = _round_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(place * step, 12) for place in range(first, last + 1)]


def _round_step(raw: float) -> float:
    power = 10 ** math.floor(math.log10(raw))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= raw * 0.999))


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    many = len(powers) <= 3
    ticks = [step * 10.0**power for power in powers for step in ((1, 2, 5) if many else (1,))]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    return inside or [low, high]


def short(value: float) -> str:
    """Return a tick's label.

    Examples
    --------
    >>> short(0.25), short(1500), short(2_000_000)
    ('0.25', '1,500', '2M')
    """
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


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

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "", css: str = "axis") -> None:
        """Draw a straight line."""
        self.parts.append(
            f'<line class="{css}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" style="{style}"/>'
        )

    def path(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """Draw a line through points."""
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{where}" style="fill:none;{style}"/>')

    def area(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """Fill a polygon."""
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{where}" style="stroke:none;{style}"/>')

    def box(self, x: float, y: float, width: float, height: float, style: str, note: str = "") -> None:
        """Draw a rectangle; `note` shows under the pointer."""
        tip = f"<title>{escape(note)}</title>" if note else ""
        size = f'width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} rx="2" style="{style}">{tip}</rect>')

    def dot(self, x: float, y: float, radius: float, style: str, note: str = "") -> None:
        """Draw a point; `note` shows under the pointer."""
        tip = f"<title>{escape(note)}</title>" if note else ""
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" style="{style}">{tip}</circle>')

    def text(self, x: float, y: float, text: str, *, anchor: str = "start", css: str = "", style: str = "") -> None:
        """Write a line of text."""
        where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        self.parts.append(f'<text {where} class="{css}" style="{style}">{escape(text)}</text>')

    def axis_x(self, scale: Scale, y: float, label: str, top: float, shown: Callable[[float], str] = short) -> None:
        """Draw the horizontal axis with ticks and grid."""
        self.line(scale.start, y, scale.end, y)
        for tick in scale.ticks():
            self.line(scale(tick), top, scale(tick), y, css="grid")
            self.text(scale(tick), y + 18, shown(tick), anchor="middle", css="soft")
        self.text((scale.start + scale.end) / 2, y + 38, label, anchor="middle")

    def axis_y(self, scale: Scale, x: float, label: str, right: float) -> None:
        """Draw the vertical axis with ticks and grid; its label stands above."""
        for tick in scale.ticks():
            self.line(x, scale(tick), right, scale(tick), css="grid")
            self.text(x - 8, scale(tick) + 4, short(tick), anchor="end", css="soft")
        self.text(x - 46, scale.end - 14, label)

    def svg(self) -> str:
        """Return the SVG, standalone and fit for a page."""
        size = f'viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" height="{self.height:g}"'
        name = escape(self.title)
        head = f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{name}" {size}>'
        return f"{head}<title>{name}</title><style>{STYLE}</style>{''.join(self.parts)}</svg>"
