"""What an indicator is: a named column computed from one symbol's adjusted bars, and the decorator that declares one.

Here: names with their parameters, inputs, first defined row, unit, direction. Not here: arithmetic
(`etf_platform.indicators`), tables, alignment of other series.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

Function = Callable[..., "np.ndarray"]
Params = tuple[tuple[str, float], ...]
_FIELD = re.compile(r"\{(\w+)(:g)?\}")


@dataclass(frozen=True)
class Indicator:
    """A family of columns that differ in parameters only; its folder is the registry.

    Attributes
    ----------
    names : tuple of str
        Name patterns, e.g. `ema_{n}`. `{n}` is a whole number from 1, `{k:g}` may have decimals (1.5 is written
        `1_5`); parameters that a pattern leaves out take their default.
    function : callable
        Pure and causal: `function(*inputs, **params)` over contiguous float64 arrays of shape (n_rows,), oldest first;
        returns float64, NaN where not defined, or text with None where not defined.
    inputs : tuple of str
        Columns of the bars: open, high, low, close (adjusted), volume (shares).
    first_row : callable
        0-based row of the first value, from the parameters.
    unit : str
        Unit of the value.
    direction : int
        +1 higher speaks for holding, -1 lower does, 0 neither by itself.
    defaults : tuple of (str, float)
        Parameters of the short name.
    example : tuple of (str, float)
        Parameters at which the contract tests look, beside the defaults.
    is_original : bool
        The column as the original computes it; used by `original_compatible` in place of ours of the same name.
    is_text : bool
        The values are words.
    """

    names: tuple[str, ...]
    function: Function
    inputs: tuple[str, ...]
    first_row: Callable[..., int]
    unit: str
    direction: int = 0
    defaults: Params = ()
    example: Params = ()
    is_original: bool = False
    is_text: bool = False

    def __call__(self, *inputs: "np.ndarray", **params: float) -> "np.ndarray":
        """The plain function, with the defaults of the short name."""
        return self.function(*inputs, **(dict(self.defaults) | params))

    @property
    def doc(self) -> str:
        """The function's docstring: definition, undefined cases, source."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def meaning(self) -> str:
        """First paragraph of the docstring on one line."""
        return " ".join(self.doc.partition("\n\n")[0].split())

    @property
    def family(self) -> str:
        """The file that the function stands in."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def columns(self) -> "tuple[IndicatorColumn, ...]":
        """One column per name pattern, with the example parameters."""
        params = dict(self.defaults) | dict(self.example)
        return tuple(IndicatorColumn(column_name(name, params), self, tuple(params.items())) for name in self._bound())

    def _bound(self) -> tuple[str, ...]:
        known = {name for name, _ in (*self.defaults, *self.example)}
        return tuple(name for name in self.names if set(fields(name)) <= known)

    def column(self, name: str) -> "IndicatorColumn | None":
        """The column of that name, or None where no pattern fits."""
        for pattern in self.names:
            found = _regex(pattern).fullmatch(name)
            if found:
                given = {key: _number(text) for key, text in found.groupdict().items()}
                return IndicatorColumn(name, self, tuple((dict(self.defaults) | given).items()))
        return None


@dataclass(frozen=True)
class IndicatorColumn:
    """An indicator with its parameters.

    Attributes
    ----------
    name : str
        Column name as asked for, e.g. `ema_80`.
    params : tuple of (str, float)
    """

    name: str
    indicator: Indicator
    params: Params

    @property
    def first_row(self) -> int:
        """0-based row of the first value; all rows before it are NaN or None."""
        return self.indicator.first_row(**dict(self.params))

    def values(self, bars: Mapping[str, "np.ndarray"]) -> "np.ndarray":
        """The column on one symbol's bars: mapping of input name to array of shape (n_rows,), oldest first."""
        return self.indicator.function(*(bars[name] for name in self.indicator.inputs), **dict(self.params))


def indicator(
    *names: str,
    inputs: tuple[str, ...],
    unit: str,
    first_row: Callable[..., int],
    direction: int = 0,
    defaults: Mapping[str, float] | None = None,
    example: Mapping[str, float] | None = None,
    is_original: bool = False,
    is_text: bool = False,
) -> Callable[[Function], Indicator]:
    """Turn a function into an indicator; see `Indicator` for what the arguments mean.

    Examples
    --------
    >>> @indicator("gap_{n}", inputs=("close",), unit="price", first_row=lambda n: n, example={"n": 5})
    ... def gap(close, n):
    ...     \"\"\"Change of the close over `n` bars.\"\"\"
    ...     return np.concatenate((np.full(n, np.nan), close[n:] - close[:-n]))
    >>> gap.column("gap_20").first_row
    20
    """

    def make(function: Function) -> Indicator:
        return Indicator(
            names,
            function,
            inputs,
            first_row,
            unit,
            direction,
            tuple((defaults or {}).items()),
            tuple((example or {}).items()),
            is_original,
            is_text,
        )

    return make


def fields(pattern: str) -> tuple[str, ...]:
    """Parameters that a name pattern spells out."""
    return tuple(name for name, _ in _FIELD.findall(pattern))


def column_name(pattern: str, params: Mapping[str, Any]) -> str:
    """A pattern with its parameters filled in; 1.5 becomes `1_5`."""
    return _FIELD.sub(lambda found: f"{params[found[1]]:g}".replace(".", "_"), pattern)


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    whole, decimal = r"[1-9]\d{0,5}", r"\d{1,6}(?:_\d{1,6})?"
    return re.compile(_FIELD.sub(lambda found: f"(?P<{found[1]}>{decimal if found[2] else whole})", pattern))


def _number(text: str) -> float:
    return float(text.replace("_", ".")) if "_" in text else int(text)
