"""Fronts to begin with: flat metal, one nucleus on bare substrate, seeds on islands in a matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .arrays import FloatArray
from .errors import MeshError
from .front import Front

DEPOSIT, MATRIX, ISLAND = 0, 1, 2
NAMES = ("deposit", "matrix", "island")
"""Names of the surfaces of the fronts made here."""

Curve = Callable[[FloatArray], FloatArray]


def graded(length: float, start: float, end: float, bulk: float, growth: float = 0.2) -> FloatArray:
    """Positions 0 .. length with spacing `start` and `end` at the ends, growing up to `bulk`.

    The spacing follows h(s) = min(bulk, start + growth s, end + growth (length - s)); the number of intervals
    is the integral of 1/h rounded up. Symmetric when start == end.
    """
    s = np.linspace(0.0, length, 2001)
    h = np.minimum(
        np.maximum(bulk, max(start, end)), np.minimum(start + growth * s, end + growth * (length - s))
    )
    number = np.concatenate(([0.0], np.cumsum(0.5 * np.diff(s) * (1.0 / h[:-1] + 1.0 / h[1:]))))
    count = max(1, int(np.ceil(number[-1] - 1e-9)))
    position = np.interp(np.arange(count + 1) * (number[-1] / count), number, s)
    position[0], position[-1] = 0.0, length
    if start == end:
        position = 0.5 * (position + (length - position[::-1]))
    return np.asarray(position)


def flat(width: float, size: float, height: float = 0.0, surface: int = DEPOSIT) -> Front:
    """Flat front at `height` with edges of `size`: deposit, or bare substrate of another surface."""
    edges = max(1, int(np.ceil(width / size - 1e-9)))
    x = np.linspace(0.0, width, edges + 1)
    points = np.column_stack((x, np.full_like(x, height)))
    covered = 1.0 if surface == DEPOSIT else 0.0
    return Front(points, NAMES, np.full(edges, surface), np.full(edges, covered), np.full(edges, -1))


def rough(width: float, size: float, rms: float, shortest: float, seed: int) -> Front:
    """Metal whose surface is a random sum of waves that meet the walls at a right angle, about height 0.

    h(x) = sum_m a_m cos(m pi x/W), m from 1 to 2W/shortest, a_m normally distributed, scaled to `rms`.

    Args:
        width: W of the cell.
        size: edge length.
        rms: root mean square of h.
        shortest: wavelength of the shortest wave, at most 2W.
        seed: of the amplitudes; the same on every machine.

    Raises:
        MeshError: a length is not positive, or no wave fits.
    """
    _positive(width=width, size=size, rms=rms, shortest=shortest)
    count = int(np.floor(2.0 * width / shortest * (1.0 + 1e-12)))
    if count < 1:
        raise MeshError(f"no wave as short as {shortest:g} fits a width of {width:g}")
    amplitudes = np.random.Generator(np.random.PCG64(seed)).normal(size=count)
    amplitudes *= rms * np.sqrt(2.0) / np.sqrt(np.sum(amplitudes**2))
    x = flat(width, size).points[:, 0]
    waves = np.cos(np.pi * np.multiply.outer(x, np.arange(1, count + 1)) / width)
    return all_metal(np.column_stack((x, waves @ amplitudes)))


def trench(width: float, opening: float, depth: float, fillet: float, size: float) -> Front:
    """Metal with a trench in the middle, its bottom at height 0, all four corners rounded.

    Args:
        width: width of the cell.
        opening: width of the trench.
        depth: height of the shoulders beside it.
        fillet: radius of the corners.
        size: edge length.

    Raises:
        MeshError: if a length is not positive, or the corners do not fit.
    """
    _positive(width=width, opening=opening, depth=depth, fillet=fillet, size=size)
    if opening + 2.0 * fillet > width or 2.0 * fillet > min(opening, depth):
        raise MeshError(f"corners of radius {fillet:g} do not fit a trench {opening:g} wide, {depth:g} deep")
    wall = 0.5 * (width - opening)
    turn = np.linspace(0.0, 0.5 * np.pi, max(2, int(np.ceil(0.5 * np.pi * fillet / size))) + 1)[:, None]
    sine, cosine = np.sin(turn), np.cos(turn)
    upper = np.hstack((wall - fillet + fillet * sine, depth - fillet + fillet * cosine))
    lower = np.hstack((wall + fillet - fillet * cosine, fillet - fillet * sine))
    half = _joined([
        _straight((0.0, depth), tuple(upper[0]), size),
        upper,
        _straight(tuple(upper[-1]), tuple(lower[0]), size),
        lower,
        _straight(tuple(lower[-1]), (0.5 * width, 0.0), size),
    ])  # fmt: skip
    points = np.vstack((half, np.column_stack((width - half[-2::-1, 0], half[-2::-1, 1]))))
    return all_metal(points)


def all_metal(points: FloatArray) -> Front:
    """A front through `points`, shape (n, 2), that is deposit everywhere."""
    edges = len(points) - 1
    return Front(points, NAMES, np.full(edges, DEPOSIT), np.ones(edges), np.full(edges, -1))


def half_ellipse(width: float, height: float, size: float) -> FloatArray:
    """Half ellipse from (-width/2, 0) over (0, height) to (width/2, 0) in an even number of equal arcs."""
    return _even_arcs(lambda t: np.column_stack((-0.5 * width * np.cos(t), height * np.sin(t))), np.pi, size)


def circular_cap(width: float, height: float, size: float) -> FloatArray:
    """Circular segment on the chord (-width/2, 0) .. (width/2, 0) in an even number of equal arcs."""
    radius = (0.25 * width * width + height * height) / (2.0 * height)
    opening = 2.0 * np.arctan2(0.5 * width, radius - height)

    def arc(t: FloatArray) -> FloatArray:
        angle = 0.5 * np.pi + 0.5 * opening - t
        return radius * np.column_stack((np.cos(angle), np.sin(angle))) + (0.0, height - radius)

    return _even_arcs(arc, opening, size)


def with_apex(
    width: float,
    apex_width: float,
    apex_height: float,
    size: float,
    bulk: float,
    position: float | None = None,
    growth: float = 0.2,
) -> Front:
    """One half-elliptic nucleus of deposit on a bare matrix.

    Args:
        width: width of the cell.
        apex_width: width of the nucleus at its foot.
        apex_height: height of the nucleus.
        size: edge length on the nucleus and at its feet.
        bulk: largest edge length on the bare matrix.
        position: abscissa of the nucleus, by default the middle; 0 or `width` puts half of it there.
        growth: rate at which the edges on the matrix grow away from the nucleus.

    Raises:
        MeshError: if a length is not positive or the nucleus does not fit.
    """
    _positive(width=width, apex_width=apex_width, apex_height=apex_height, size=size, bulk=bulk)
    centre = 0.5 * width if position is None else position
    cap = half_ellipse(apex_width, apex_height, size)
    return _on_substrate(width, [centre], cap, apex_width, (DEPOSIT, [-1]), size, bulk, growth)


def with_islands(
    width: float,
    centres: Sequence[float] | FloatArray,
    island_width: float,
    seed_height: float,
    size: float,
    bulk: float,
    growth: float = 0.2,
) -> Front:
    """Circular-segment seeds of deposit over every island, patch k on island k, bare matrix between.

    Args:
        width: width of the cell.
        centres: abscissae of the islands, ascending; one at 0 or at `width` puts half an island there.
        island_width: width of every island.
        seed_height: height of the seeds.
        size: edge length on the seeds and at their feet.
        bulk: largest edge length on the bare matrix.
        growth: rate at which the edges on the matrix grow away from the seeds.

    Raises:
        MeshError: if a length is not positive, islands touch each other, or one does not fit.
    """
    _positive(width=width, island_width=island_width, seed_height=seed_height, size=size, bulk=bulk)
    cap = circular_cap(island_width, seed_height, size)
    patches = list(range(len(centres)))
    return _on_substrate(width, list(centres), cap, island_width, (ISLAND, patches), size, bulk, growth)


def _even_arcs(curve: Curve, end: float, size: float) -> FloatArray:
    """Equal arcs of a curve over 0 .. end that is symmetric about x = 0; both ends exactly on y = 0."""
    t = np.asarray(np.linspace(0.0, end, 4001), dtype=np.float64)
    step = np.diff(curve(t), axis=0)
    arc = np.concatenate(([0.0], np.cumsum(np.hypot(step[:, 0], step[:, 1]))))
    half = max(2, int(np.ceil(0.5 * arc[-1] / size - 1e-9)))
    points = curve(np.interp(np.linspace(0.0, arc[-1], 2 * half + 1), arc, t))
    mirrored = points[::-1] * (-1.0, 1.0)
    points = 0.5 * (points + mirrored)
    points[[0, -1], 1] = 0.0
    return points


def _on_substrate(
    width: float,
    centres: Sequence[float],
    cap: FloatArray,
    cap_width: float,
    what: tuple[int, Sequence[int]],
    size: float,
    bulk: float,
    growth: float,
) -> Front:
    surface, patches = what
    points: list[FloatArray] = [np.zeros((1, 2))]
    data: list[tuple[int, float, int, int]] = []  # surface, coverage, patch, edges
    here = 0.0

    def bare_until(x: float) -> None:
        nonlocal here
        if x - here <= 1e-12 * width:
            return
        ends = [size if edge > 0.0 else bulk for edge in (here, width - x)]
        run = here + graded(x - here, ends[0], ends[1], bulk, growth)
        run[-1] = x
        points.append(np.column_stack((run[1:], np.zeros(run.size - 1))))
        data.append((MATRIX, 0.0, -1, run.size - 1))
        here = x

    for centre, patch in zip(centres, patches, strict=True):
        left, right = centre - 0.5 * cap_width, centre + 0.5 * cap_width
        on_left, on_right = abs(centre) <= 1e-9 * width, abs(centre - width) <= 1e-9 * width
        if (left < 0.0 and not on_left) or (right > width and not on_right):
            raise MeshError(
                f"a nucleus of width {cap_width:g} at x = {centre:g} does not fit into 0 .. {width:g}"
            )
        if left < here and not on_left:
            raise MeshError(
                f"nuclei of width {cap_width:g} overlap at x = {left:g}: they are wider than their pitch"
            )
        apex = len(cap) // 2
        part = cap[apex:] if on_left else cap[: apex + 1] if on_right else cap
        part = np.asarray(part + np.array([0.0 if on_left else width if on_right else centre, 0.0]))
        if on_left:
            points[0] = part[:1]
        else:
            bare_until(float(part[0, 0]))
        points.append(part[1:])
        data.append((surface, 1.0, patch, len(part) - 1))
        here = float(part[-1, 0])
    bare_until(width)
    count = [row[3] for row in data]
    surfaces, coverage, patch_numbers = (np.repeat([row[k] for row in data], count) for k in range(3))
    return Front(np.concatenate(points), NAMES, surfaces, coverage, patch_numbers)


def _positive(**lengths: float) -> None:
    for name, value in lengths.items():
        if not value > 0.0:
            raise MeshError(f"{name} must be positive, it is {value:g}")


def _straight(start: tuple[float, float], end: tuple[float, float], size: float) -> FloatArray:
    """Points from `start` to `end`, both included, about `size` apart; none if they are one."""
    a, b = np.array(start), np.array(end)
    length = float(np.hypot(*(b - a)))
    if length < 1e-12:
        return np.empty((0, 2))
    part = np.linspace(0.0, 1.0, max(1, int(np.ceil(length / size - 1e-9))) + 1)[:, None]
    return np.asarray(a + part * (b - a))


def _joined(pieces: Sequence[FloatArray]) -> FloatArray:
    """Pieces of a line one after the other; each begins where the last ended."""
    points = np.vstack([piece for piece in pieces if len(piece)])
    apart = np.hypot(*np.diff(points, axis=0).T) > 1e-12
    return np.asarray(points[np.append(True, apart)])
