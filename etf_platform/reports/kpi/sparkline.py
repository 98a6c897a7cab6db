"""A metric over its last sessions as a few words of SVG: no axis, no text; it follows the colours of the page."""

import html

import numpy as np

NOISE = 1e-9  # of the values: a range below it is rounding
WIDTH, HEIGHT, PAD = 132.0, 30.0, 3.0


def sparkline(values: np.ndarray, limit: float = float("nan"), title: str = "") -> str:
    """Inline SVG of a series.

    Parameters
    ----------
    values : ndarray of shape (n_sessions,)
        NaN interrupts the line; a single value between two gaps is a dot.
    limit : float
        Drawn dashed where it lies within the range of the values, or at most that range away from it.
    title : str
        For those who do not see it.

    Returns
    -------
    str
        Empty without any value.
    """
    known = np.isfinite(values)
    if not known.any():
        return ""
    low, high = float(values[known].min()), float(values[known].max())
    room = high - low if high - low > NOISE * max(abs(low), abs(high)) else 0.0
    low, high = (low, high) if room else (low, low)
    if np.isfinite(limit) and low - room <= limit <= high + room and room > 0.0:
        low, high = min(low, limit), max(high, limit)
    span = high - low
    at = _places(values, low, span)
    parts = [_line(at[start:stop]) for start, stop in _runs(known)]
    last = at[np.flatnonzero(known)[-1]]
    dashed = _limit(limit, low, high, span)
    label = html.escape(f"{title}: {values[known].min():.4g} to {values[known].max():.4g}", quote=True)
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{label}">'
        f'{dashed}{"".join(parts)}<circle class="now" cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="2.2"/></svg>'
    )


def _places(values: np.ndarray, low: float, span: float) -> np.ndarray:
    steps = max(len(values) - 1, 1)
    x = PAD + np.arange(len(values)) * (WIDTH - 2.0 * PAD) / steps
    share = np.full(len(values), 0.5) if span <= 0.0 else (values - low) / span
    return np.column_stack([x, HEIGHT - PAD - share * (HEIGHT - 2.0 * PAD)])


def _runs(known: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(np.int8), [0]))))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _line(points: np.ndarray) -> str:
    if len(points) == 1:
        return f'<circle class="dot" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="1.2"/>'
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _limit(limit: float, low: float, high: float, span: float) -> str:
    if not np.isfinite(limit) or span <= 0.0 or not low <= limit <= high:
        return ""
    y = HEIGHT - PAD - (limit - low) / span * (HEIGHT - 2.0 * PAD)
    return f'<line class="limit" x1="0" x2="{WIDTH:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
