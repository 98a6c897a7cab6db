"""Lists of stocks and holdings of funds from network providers: each ask alone, so that one failure loses no other.

Bars and quotes are `market.live`. Nothing is stored here, and nothing is ever made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from etf_platform.core.errors import PlatformError, SourceError, SourceUnavailableError
from etf_platform.core.units.source import Ask, HoldingsAsk, ListAsk
from etf_platform.market.calendar import Sessions
from etf_platform.market.live import Served, Wire, pull_quotes
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.stock_list import GROUPS

EXCHANGE = "XSHG"


@dataclass(frozen=True, eq=False)
class Gathered:
    """Rows of the asks that were answered, rows that the parser refused, and a sentence for each ask that was not."""

    rows: pd.DataFrame
    refused: pd.DataFrame
    failures: dict[str, str]


def pull_lists(wire: Wire) -> Gathered:
    """QUOTES of every stock, board by board; `failures` by the name of the board's list.

    Raises
    ------
    SourceError
        No provider of lists is configured, or not one list came.
    """
    return _gather(wire, "lists", {group: (ListAsk(group),) for group in GROUPS})


def pull_holdings(wire: Wire, funds: Sequence[str], year: int) -> Gathered:
    """FUND_HOLDINGS of the reports of a calendar year and the one before; `failures` by fund.

    Raises
    ------
    SourceError
        No provider of holdings is configured, or nothing came of any fund.
    """
    return _gather(wire, "holdings", {fund: (HoldingsAsk(fund, year), HoldingsAsk(fund, year - 1)) for fund in funds})


def pull_session(wire: Wire, symbols: Sequence[str], sessions: Sessions, session: pd.Timestamp) -> Gathered:
    """Raw rows (`ROW_COLUMNS`) of one session that is over, out of quotes: a tenth of the requests that bars need.

    `prev_close` is the exchange's reference price. Stocks that did not trade have no row.

    Raises
    ------
    AllSourcesFailedError
        See `market.live.pull_quotes`.
    """
    pulled = pull_quotes(wire, symbols, sessions)
    quotes = pulled.answer.frame
    traded = quotes[quotes["is_traded"].astype(bool) & (quotes["date"] == session)]
    rows = traded.assign(close=traded["last"], adj_factor=1.0)[list(ROW_COLUMNS)]
    return Gathered(rows.reset_index(drop=True), pulled.answer.refused, {})


def _gather(wire: Wire, content: str, asks: dict[str, tuple[Ask, ...]]) -> Gathered:
    served = _serving(wire, content)
    frames, refused = [], []
    failures: dict[str, str] = {}
    retryable = False
    for name, of_one in asks.items():
        for ask in of_one:
            try:
                answer = wire.ask(served, [ask])
            except PlatformError as error:
                failures[name] = "; ".join(filter(None, (failures.get(name), error.saw)))
                retryable |= error.retryable
                continue
            frames.append(answer.frame)
            refused.append(answer.refused)
    if not frames:
        saw = next(iter(failures.values()), "nothing was asked for")
        kind = SourceUnavailableError if retryable else SourceError
        raise kind(f"fetching {content} from {served.name}", saw, "run the step again later; what is stored stays")
    return Gathered(_stacked(frames), _stacked(refused), failures)


def _serving(wire: Wire, content: str) -> Served:
    found = wire.serving(EXCHANGE, content)  # type: ignore[arg-type]
    if not found:
        remedy = "enable one under the live source in sources.yaml"
        raise SourceError(f"fetching {content}", "no configured provider gives them", remedy)
    return found[0]


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(filled, ignore_index=True)
