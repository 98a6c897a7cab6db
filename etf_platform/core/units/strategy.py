"""What a strategy is, and how a factor is described to it.

A strategy is a function from tables to a table of targets. Factors reach it as plain descriptions, because strategies
do not import factors. Not here: how a score is made (`etf_platform.strategies`), what a factor computes
(`etf_platform.factors`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etf_platform.core.schema import Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ScoredFactor:
    """One selected factor.

    Attributes
    ----------
    factor_id : str
        Published id, e.g. `TA_RSI_14`.
    column : str
        Panel column of the form that is comparable across funds (normalised where the raw form is a level).
    bucket : str
        Family in which scores are averaged first.
    prior : int
        +1 higher is better, -1 lower is better, 0 not scored until its rank IC says otherwise.
    duplicate_of : str or None
        Id of the factor of which this one is an affine map; of such a family only the first selected one is scored.
    raw_column : str or None
        Panel column of the raw form, read by the `original_compatible` score only; None means `column`.
    is_bounded : bool
        The values lie in a fixed interval (an RSI, a position in a range); `zscore_winsor` ranks these.
    """

    factor_id: str
    column: str
    bucket: str
    prior: int
    duplicate_of: str | None = None
    raw_column: str | None = None
    is_bounded: bool = False


@dataclass(frozen=True)
class Strategy:
    """A strategy as a unit: its folder is the registry, the contract tests run on every one.

    Attributes
    ----------
    name : str
        Lower case, e.g. `rotation`.
    meaning : str
        One sentence for people.
    table : Table
        Schema of the rows that `decide` returns.
    decide : callable (panel, bars, selected, rules, sessions, reference=None) -> DataFrame
        Pure; a row dated t uses rows dated up to t of `panel`, `bars` and `reference`, and nothing later.
    """

    name: str
    meaning: str
    table: Table
    decide: Callable[..., "pd.DataFrame"]
