"""Which published report of each fund may be used on which days of a history: `holdings.known_on` of every day at once.

What is known changes only on days of publication. Two variants exist for comparison
and say so in `source`: weights assumed known from the start, and the original's interpolation between reports, which
reads the next report before anybody could. Not here: what is at its limit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from etf_platform.arbitrage.holdings import known_on
from etf_platform.core.errors import BadInputError

ASSUMED, INTERPOLATED = "weights assumed known", "weights interpolated"
STEP_DAYS = 7


@dataclass(frozen=True)
class InForce:
    """What is known of one fund from the day `published_at` on, up to before `end`; an `end` of None is still to come.

    Attributes
    ----------
    published_at : Timestamp
        Of this state of knowledge; rows of the same period that come later make the next one.
    weights : Series
        Fraction by stock, the largest first; the fund's own report only, not the issuer's list.
    """

    etf: str
    as_of: pd.Timestamp
    published_at: pd.Timestamp
    end: pd.Timestamp | None
    weights: pd.Series
    source: str


def reports_in_force(
    holdings: pd.DataFrame, first: pd.Timestamp | None = None, last: pd.Timestamp | None = None
) -> Iterator[InForce]:
    """Every report of FUND_HOLDINGS with its days, oldest first by fund; only those that [first, last] sees."""
    for etf, rows in holdings.groupby("symbol", sort=True):
        days = sorted(rows["published_at"].unique())
        for day, end in zip(days, [*days[1:], None], strict=True):
            is_over = first is not None and end is not None and end <= first
            if is_over or (last is not None and day > last):
                continue
            known = known_on(rows, day)
            if len(known):
                yield _report(str(etf), known, day, end)


def _report(etf: str, rows: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp | None) -> InForce:
    weights = rows.set_index("stock")["weight"].astype("float64")
    return InForce(etf, rows["as_of"].iloc[0], start, end, weights, str(rows["source"].iloc[0]))


def assumed_known(holdings: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """The first report of each fund as if it had been published on `start`: looks ahead, for a longer sample only.

    Stocks that did well until the report weigh more in it than they did before, so returns come out too good.
    """
    first = holdings.groupby("symbol")["as_of"].transform("min") == holdings["as_of"]
    early = holdings["published_at"].where(~first | (holdings["published_at"] <= start), start)
    marked = holdings["source"].where(~first, holdings["source"] + f" ({ASSUMED})")
    return holdings.assign(published_at=early, source=marked)


def interpolated(holdings: pd.DataFrame, is_original_compatible: bool) -> pd.DataFrame:
    """Weekly rows between two reports of a fund, weights in proportion to time: the original's look-ahead.

    Raises
    ------
    BadInputError
        Outside `original_compatible`, because the later report was not known on these days.
    """
    if not is_original_compatible:
        raise BadInputError(
            "interpolating holdings",
            "weights between two reports need the later one before it was published",
            "use interpolation step, or set strategy.original_compatible",
        )
    parts = [holdings]
    for _, rows in holdings.groupby("symbol", sort=True):
        periods = sorted(rows["as_of"].unique())
        for before, after in pairwise(periods):
            parts += _between(rows[rows["as_of"] == before], rows[rows["as_of"] == after])
    return pd.concat(parts, ignore_index=True)


def _between(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[pd.DataFrame]:
    start, end = before["as_of"].iloc[0], after["as_of"].iloc[0]
    both = pd.concat([before, after]).drop_duplicates("stock")
    weights = [both["stock"].map(rows.set_index("stock")["weight"]).fillna(0.0) for rows in (before, after)]
    for day in pd.date_range(start, end, freq=f"{STEP_DAYS}D", inclusive="neither"):
        share = (day - start) / (end - start)
        mixed = weights[0] * (1.0 - share) + weights[1] * share
        yield both.assign(
            as_of=day, published_at=day, weight=mixed, source=both["source"] + f" ({INTERPOLATED}: looks ahead)"
        )
