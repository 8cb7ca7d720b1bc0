"""The body map's drawings: points in body_map.yaml, joined into the shapes that a page shows.

It knows geometry alone: not what a place means, and no word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import dist
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("body_map.yaml")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A piece of a picture that takes a tap; it may have several areas, each a path."""

    target: str  # the place that it ticks, or the view that it opens
    areas: tuple[str, ...]
    holds: tuple[str, ...]  # the places that colour it once they are ticked
    signs: tuple[Point, ...] = ()  # where the little plus of a zoom stands


@dataclass(frozen=True, slots=True)
class BodyView:
    """One picture: its size, the outline as a path, fine lines, and its parts."""

    id: str
    width: int
    height: int
    outline: str
    lines: tuple[str, ...]
    parts: tuple[BodyPart, ...]
    zooms: tuple[BodyPart, ...]
    names: tuple[tuple[str, Point], ...]  # places that the drawing alone cannot tell, and views

    @property
    def view_box(self) -> str:
        """The picture's frame, with 0 in its middle."""
        return f"{-self.width // 2} 0 {self.width} {self.height}"

    @property
    def outside_path(self) -> str:
        """All that lies outside the outline, to be filled by the even-odd rule.

        Its own edge lies out of sight, so that a stroke draws the outline alone.
        """
        half, over = self.width // 2 + 9, self.height + 9
        return f"M{-half}-9H{half}V{over}H{-half}Z{self.outline}"


@cache
def load_body_map() -> tuple[BodyView, ...]:
    """Every view of the body, the first one first."""
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(_parse_view(view, raw["outlines"]) for view in raw["views"])


def _parse_view(raw: Mapping[str, Any], outlines: Mapping[str, Mapping[str, str]]) -> BodyView:
    width, height = (int(number) for number in raw["size"].split(","))
    loops = [
        [(x + middle, y) for x, y in loop]
        for name, middles in raw["outlines"].items()
        for middle in middles
        for loop in _outline_loops(outlines[name])
    ]
    return BodyView(
        id=raw["id"],
        width=width,
        height=height,
        outline="".join(_closed_spline_path(loop) for loop in loops),
        lines=tuple(
            _spline_path(line) for raw_line in raw["lines"] for line in _parse_shapes(raw_line)
        ),
        parts=tuple(_parse_part(part["place"], [part["place"]], part) for part in raw["parts"]),
        zooms=tuple(_parse_part(zoom["to"], zoom["holds"], zoom) for zoom in raw.get("zooms", [])),
        names=tuple(
            (name, at) for name, text in raw.get("names", {}).items() for at in _parse_points(text)
        ),
    )


def _outline_loops(outline: Mapping[str, str]) -> list[list[Point]]:
    """A half is closed by its mirror image; of a pair both are whole."""
    if "half" in outline:
        half = _parse_points(outline["half"])
        return [half + [(-x, y) for x, y in reversed(half) if x]]
    whole = _parse_points(outline["pair"])
    return [whole, _mirror_points(whole)]


def _parse_part(target: str, holds: Iterable[str], raw: Mapping[str, Any]) -> BodyPart:
    shape = _closed_spline_path if "round" in raw else _polygon_path
    signs = _parse_points(raw.get("sign", ""))
    if raw.get("mirrored"):
        signs += _mirror_points(signs)
    return BodyPart(
        target, tuple(shape(area) for area in _parse_shapes(raw)), tuple(holds), tuple(signs)
    )


def _parse_shapes(raw: Mapping[str, Any]) -> list[list[Point]]:
    """The shapes of an entry, and their mirror images where it has them."""
    given = raw.get("round") or raw["at"]
    found = [_parse_points(shape) for shape in ([given] if isinstance(given, str) else given)]
    return found + [_mirror_points(shape) for shape in found] if raw.get("mirrored") else found


def _mirror_points(points: Iterable[Point]) -> list[Point]:
    return [(-x, y) for x, y in points]


def _parse_points(text: str) -> list[Point]:
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def _polygon_path(points: Iterable[Point]) -> str:
    return "M" + "L".join(_format_point(point) for point in points) + "Z"


def _closed_spline_path(points: list[Point]) -> str:
    return f"{_spline_path([*points, points[0]])}Z"


def _spline_path(points: list[Point]) -> str:
    """A curve through all points (a centripetal Catmull-Rom spline: it never overshoots)."""
    closed = points[0] == points[-1]
    before = points[-2] if closed else points[0]
    after = points[1] if closed else points[-1]
    run = [before, *points, after]
    path = f"M{_format_point(points[0])}"
    for place, (start, end) in enumerate(pairwise(points)):
        bends = (
            _bezier_handle(run[place], start, end),
            _bezier_handle(run[place + 3], end, start),
            end,
        )
        path += "c" + " ".join(_format_point((x - start[0], y - start[1])) for x, y in bends)
    return path


def _bezier_handle(before: Point, point: Point, after: Point) -> Point:
    """The Bézier handle at `point` of the piece that leads to `after`."""
    came, goes = dist(before, point) ** 0.5, dist(point, after) ** 0.5
    if not came:
        return point
    own = 2 * came**2 + 3 * came * goes + goes**2
    x, y = (
        (came**2 * after[axis] - goes**2 * before[axis] + own * point[axis])
        / (3 * came * (came + goes))
        for axis in (0, 1)
    )
    return x, y


def _format_point(point: Point) -> str:
    return " ".join(f"{round(number, 1) + 0:g}" for number in point).replace(" -", "-")
