"""What a factor is, and the decorator that turns one kernel into one factor per parameter set.

Here: names, inputs, warm-up, unit, direction. Not here: arithmetic, compilation (`etf_platform.factors.jit`), tables.
Importing or listing factors needs no numba: a kernel stays a plain Python function until it is first computed.
"""

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Scale = Literal["price", "volume", "ratio", "bounded"]
Bucket = Literal["trend", "momentum", "return", "volatility", "volume", "position"]
Kernel = Callable[..., None]
Params = Mapping[str, float]


@dataclass(frozen=True)
class Factor:
    """One column of the panel.

    Attributes
    ----------
    column : str
        Name of the panel column, e.g. `momentum_20`.
    kernel : callable
        Plain function `kernel(*inputs, *params, out)` over one symbol's contiguous float64 arrays, oldest first. `out`
        comes filled with NaN; prices come multiplied by `adj_factor`.
    inputs : tuple of str
        Names from `etf_platform.factors.series`: bar columns or series derived from them.
    params : tuple of (str, float)
        In the order in which the kernel takes them.
    warmup : int
        Bars needed for the first value: it stands at 0-based row `warmup - 1`.
    unit : str
        Unit of the value.
    scale : str
        `price` follows the price level, `volume` the volume level; `ratio` and `bounded` follow neither.
    direction : int
        Prior: +1 higher is better, -1 lower is better, 0 not scored.
    bucket : str
        Group inside which scores are averaged.
    bounds : (float, float) or None
        Closed range of a `bounded` factor.
    is_recursive : bool
        A row depends on every row since the first bar (exponential means, running totals). Otherwise it is a pure
        function of the last `warmup` rows, and a computation from these alone gives the same bits.
    """

    column: str
    kernel: Kernel
    inputs: tuple[str, ...]
    params: tuple[tuple[str, float], ...]
    warmup: int
    unit: str
    scale: Scale
    direction: int
    bucket: Bucket
    bounds: tuple[float, float] | None = None
    is_recursive: bool = False

    @property
    def args(self) -> tuple[float, ...]:
        """Parameter values as the kernel takes them."""
        return tuple(value for _, value in self.params)

    @property
    def family(self) -> str:
        """The file that the kernel stands in."""
        return self.kernel.__module__.rpartition(".")[2]

    @property
    def doc(self) -> str:
        """The kernel's docstring: meaning, rows used, source."""
        return inspect.cleandoc(self.kernel.__doc__ or "")

    @property
    def title(self) -> str:
        """First sentence of the docstring."""
        return self.doc.partition("\n")[0]

    @property
    def source(self) -> str:
        """What stands under *References* in the docstring; empty when nothing does."""
        return self.doc.partition("References\n----------\n")[2].strip()


def grid(**axes: Sequence[float]) -> tuple[Params, ...]:
    """Every combination of the given parameter values, last axis fastest."""
    return tuple(dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()))


def factor(
    *,
    inputs: Sequence[str],
    name: str,
    unit: str,
    direction: int,
    bucket: Bucket,
    windows: Sequence[int] | None = None,
    params: Sequence[Params] = ({},),
    warmup: Callable[..., int] = lambda w, **others: w,
    scale: Scale = "ratio",
    bounds: tuple[float, float] | None = None,
    is_recursive: bool = False,
) -> Callable[[Kernel], tuple[Factor, ...]]:
    """Turn a kernel into a tuple of factors, one per parameter set.

    Parameters
    ----------
    inputs : sequence of str
        Series that the kernel takes first, with parameters in braces where a series has them, e.g. `close_mean_{w}`.
    name : str
        Column name with parameters in braces, e.g. `momentum_{w}`; 1.5 becomes `1_5`.
    windows : sequence of int, optional
        Short for `params=grid(w=windows)`.
    params : sequence of dict
        Parameter sets, in the order in which the kernel takes them.
    warmup : callable
        Bars needed for the first value, from the parameters.

    Examples
    --------
    >>> @factor(inputs=("close",), windows=(20, 60), name="momentum_{w}", warmup=lambda w: w + 1,
    ...         unit="fraction", direction=+1, bucket="return")
    ... def momentum(close, w, out):
    ...     \"\"\"Total return over the last `w` traded bars.\"\"\"
    ...     now, then = close[w:], close[:-w]
    ...     for i in range(now.size):
    ...         out[w + i] = now[i] / then[i] - 1.0
    >>> [f.column for f in momentum]
    ['momentum_20', 'momentum_60']
    """
    sets = grid(w=windows) if windows is not None else tuple(params)

    def build(kernel: Kernel) -> tuple[Factor, ...]:
        return tuple(
            Factor(
                column=name.format(**{k: _text(v) for k, v in chosen.items()}),
                kernel=kernel,
                inputs=tuple(series.format(**{k: _text(v) for k, v in chosen.items()}) for series in inputs),
                params=tuple(chosen.items()),
                warmup=warmup(**chosen),
                unit=unit,
                scale=scale,
                direction=direction,
                bucket=bucket,
                bounds=bounds,
                is_recursive=is_recursive,
            )
            for chosen in sets
        )

    return build


def _text(value: Any) -> str:
    return f"{value:g}".replace(".", "_")
