"""Funds' published holdings as they are known on a day: by fund, by stock, and how much of each fund is at the limit.

Kept by table version and day, because a report changes four times a year and pages ask all day. Not here: rules about
which report counts (`arbitrage.holdings`).
"""

import datetime as dt
import threading
from dataclasses import dataclass

import pandas as pd

from etf_platform.arbitrage.holdings import exposure, known_on, stock_map
from etf_platform.core import tables as t
from etf_platform.core.errors import MissingTableError
from etf_platform.web.live import Board
from etf_platform.web.picking import Row
from etf_platform.web.services import Services

NONE = t.FUND_HOLDINGS.no_rows()
IN_TOP = 10


@dataclass(frozen=True)
class Known:
    """Holdings known on a day: `rows` as of `known_on` with `rank` by weight, and the same by stock and by fund."""

    rows: pd.DataFrame
    by_stock: dict[str, pd.DataFrame]
    by_fund: dict[str, pd.DataFrame]

    def of_stock(self, symbol: str | None, least: float = 0.0) -> pd.DataFrame:
        """Funds that hold a stock with at least this weight, largest first."""
        rows = self.by_stock.get(symbol or "", self.rows[:0])
        return rows[rows["weight"] >= least]

    def of_fund(self, symbol: str | None) -> pd.DataFrame:
        """Stocks of a fund, largest first."""
        return self.by_fund.get(symbol or "", self.rows[:0])


class Holdings:
    """The holdings of the last day that was asked for."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._kept: tuple[tuple[int | None, dt.date], Known] | None = None

    def on(self, day: dt.date) -> Known:
        """What had been published by a day; nothing where no report is stored."""
        lake, funds = self._services.lake, self._services.config.arbitrage.funds
        with self._lock:
            key = (lake.version(t.FUND_HOLDINGS, funds), day)
            if self._kept is None or self._kept[0] != key:
                self._kept = key, self._read(day)
            return self._kept[1]

    def _read(self, day: dt.date) -> Known:
        try:
            stored = self._services.lake.read(t.FUND_HOLDINGS, self._services.config.arbitrage.funds)
        except MissingTableError:
            return Known(NONE, {}, {})
        rows = known_on(stored, day)
        rows = rows.assign(rank=rows.groupby("symbol").cumcount() + 1)
        by_fund = {str(fund): part.reset_index(drop=True) for fund, part in rows.groupby("symbol")}
        return Known(rows, stock_map(rows), by_fund)


def exposed(board: Board, known: Known) -> pd.DataFrame:
    """How much of each fund is at the limit: sealed boards of a live look, closes at the limit otherwise."""
    which = "sealed" if board.origin == "live" else "at_limit"
    states = pd.DataFrame(board.rows, columns=["symbol", "boards_in_row", which])
    return exposure(states, known.rows, which)


def records(rows: pd.DataFrame) -> list[Row]:
    """Rows as plain dicts; days of reports as dates."""
    days = {name: rows[name].dt.date for name in ("as_of", "published_at")}
    return [{str(k): v for k, v in row.items()} for row in rows.assign(**days).to_dict("records")]
