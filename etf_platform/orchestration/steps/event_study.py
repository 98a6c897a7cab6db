"""The event back-test over what is stored: materials read once, signals, trades, figures; also as a step.

Holdings count from their publication on. The variant `weights_assumed` takes the first report of each fund as known
from the start: a sensitivity with a longer sample that looks ahead, and every row of it says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from etf_platform.arbitrage.history import SignalTerms, event_signals
from etf_platform.arbitrage.reports_in_force import assumed_known, interpolated
from etf_platform.backtest.events.run import Advance, run_events
from etf_platform.backtest.events.terms import EventTerms, Variant, every_variant, terms_of
from etf_platform.core import tables as t
from etf_platform.core.catalog import collect
from etf_platform.core.errors import UnknownUnitError
from etf_platform.core.schema import Table
from etf_platform.core.units.arbitrage import Evaluator
from etf_platform.market.instruments import min_holding_days
from etf_platform.market.limits import limit_prices
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables

ASSUMPTION = "weights_assumed"
PRICE_COLUMNS = ("date", "symbol", "close", "prev_close")
STATE_COLUMNS = (
    "date",
    "symbol",
    "board",
    "at_limit",
    "boards_in_row",
    "seal_amount",
    "float_cap",
    "first_seal",
    "source",
)
KEY_FIGURES = ["variant", "trades", "days", "mean_net", "mean_extra", "low", "high", "win_rate"]


@dataclass(frozen=True, eq=False)
class Materials:
    """Everything that signals of past days are made of.

    Attributes
    ----------
    boards : DataFrame
        LIMIT_STATES rows at the limit.
    changes : DataFrame
        `date`, `symbol`, `change` of every stock that a fund holds.
    """

    boards: pd.DataFrame
    holdings: pd.DataFrame
    fund_bars: pd.DataFrame
    expectations: pd.DataFrame
    changes: pd.DataFrame
    sessions: pd.DatetimeIndex
    settlement_days: Mapping[str, int] = field(default_factory=dict)

    @property
    def history_start(self) -> pd.Timestamp:
        """First day with expectations."""
        return self.expectations["date"].min()

    def during(self, start: date | None, end: date | None) -> "Materials":
        """The same, with boards of these days only."""
        days = self.boards["date"]
        kept = days.between(pd.Timestamp(start or days.min()), pd.Timestamp(end or days.max()))
        return replace(self, boards=self.boards[kept])


def write_event_backtest(platform: Platform, universe: str, window: Window) -> Outcome:
    """Signals by published holdings, traded by every variant; the sensitivity beside it where holdings come late."""
    tables = StepTables(platform, window)
    found = materials(platform, tables)
    terms = event_terms(platform, found)
    signals = signals_of(found, signal_terms(platform))
    trades, figures = traded(found, signals, every_variant(), terms)
    if is_known_late(found):
        assumed = signals_of(with_assumption(found), signal_terms(platform))
        more, further = traded(found, assumed, every_variant(ASSUMPTION), terms)
        trades = pd.concat([part for part in (trades, more) if len(part)] or [trades], ignore_index=True)
        figures = pd.concat([figures, further], ignore_index=True)
    tables.write(t.EVENT_SIGNALS, universe, signals)
    tables.write(t.EVENT_TRADES, universe, trades)
    tables.write(t.EVENT_FIGURES, universe, figures)
    return tables.outcome(
        facts={"signals": len(signals), "days with a signal": int(signals["date"].nunique())}
        | {"funds": ", ".join(sorted(set(signals["etf"]))) or "none", "first usable holdings": _first(found)},
        frames={"figures": figures.loc[figures["bucket"] == "all", KEY_FIGURES]},
    )


def materials(platform: Platform, tables: StepTables) -> Materials:
    """Read what is stored; raises MissingTableError where a step before has never run."""
    settings = platform.config.arbitrage
    holdings = tables.read(t.FUND_HOLDINGS, settings.funds)
    expected = tables.read(t.EXPECTATIONS, settings.stocks)
    days, held = expected["date"], set(holdings["stock"])
    boards = _by_year(tables, t.LIMIT_STATES, settings.stocks, STATE_COLUMNS, days, _is_board)
    bars = _by_year(tables, t.BARS, settings.stocks, PRICE_COLUMNS, days, lambda rows: rows["symbol"].isin(held))
    funds = tables.read(t.BARS, settings.funds)
    funds = funds[funds["symbol"].isin(holdings["symbol"].unique())].reset_index(drop=True)
    instruments = platform.config.instruments.instruments
    up, down = limit_prices(funds, instruments)
    day = date.fromisoformat(settings.history_start)
    return Materials(
        boards=boards,
        holdings=holdings,
        fund_bars=funds.assign(limit_up=up, limit_down=down),
        expectations=expected,
        changes=bars[["date", "symbol"]].assign(change=bars["close"] / bars["prev_close"] - 1.0),
        sessions=platform.sessions(settings.stocks).index,
        settlement_days={
            str(s): min_holding_days(str(s), instruments.get(str(s)), day) for s in funds["symbol"].unique()
        },
    )


def _by_year(
    tables: StepTables,
    table: Table,
    universe: str,
    columns: Sequence[str],
    days: pd.Series,
    keep: Callable[[pd.DataFrame], pd.Series],
) -> pd.DataFrame:
    """Some rows of a large table, year by year, so that no more than a year of all stocks is in memory."""
    years = range(days.min().year, days.max().year + 1) if len(days) else range(0)
    read = (tables.read(table, universe, start=date(y, 1, 1), end=date(y, 12, 31), columns=columns) for y in years)
    parts = [rows[keep(rows)] for rows in read]
    return pd.concat(parts, ignore_index=True) if parts else tables.read(table, universe, columns=columns)


def _is_board(rows: pd.DataFrame) -> pd.Series:
    return rows["at_limit"].astype("boolean").fillna(False).astype(bool)


def signals_of(found: Materials, terms: SignalTerms) -> pd.DataFrame:
    """EVENT_SIGNALS of the materials."""
    return event_signals(found.boards, found.holdings, found.fund_bars, found.expectations, found.changes, terms)


def traded(
    found: Materials,
    signals: pd.DataFrame,
    variants: Sequence[Variant],
    terms: EventTerms,
    advance: Advance | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """EVENT_TRADES and EVENT_FIGURES of the signals."""
    return run_events(signals, found.fund_bars, variants, terms, found.sessions, advance=advance)


def is_known_late(found: Materials) -> bool:
    """Whether some fund's first report was published after the history began; else there is nothing to assume."""
    first = found.holdings.groupby("symbol")["published_at"].min()
    return bool((first > found.history_start).any())


def with_assumption(found: Materials) -> Materials:
    """Holdings as if known from the first day with expectations: looks ahead."""
    return replace(found, holdings=assumed_known(found.holdings, found.history_start))


def with_interpolation(found: Materials, is_original_compatible: bool) -> Materials:
    """Holdings interpolated between reports; raises BadInputError outside `original_compatible`."""
    return replace(found, holdings=interpolated(found.holdings, is_original_compatible))


def signal_terms(platform: Platform, evaluator: str | None = None, min_weight: float = 0.0) -> SignalTerms:
    """How past signals are worded and costed, as configured; `evaluator` None takes the configured one."""
    settings = platform.config.arbitrage
    return SignalTerms(
        evaluator=evaluator_named(evaluator or settings.strategy.evaluator_type),
        thresholds=settings.signal_evaluation,
        min_weight=min_weight,
        fees_bps=settings.economics.fees_bps,
        order=settings.risk_control.max_buy,
    )


def event_terms(platform: Platform, found: Materials) -> EventTerms:
    """Terms of trade as configured."""
    return terms_of(platform.config.arbitrage, found.settlement_days)


def evaluator_named(name: str) -> Evaluator:
    """The evaluator of this name.

    Raises
    ------
    UnknownUnitError
        There is none.
    """
    import etf_platform.arbitrage.evaluators

    known = {unit.name: unit for unit in collect(etf_platform.arbitrage.evaluators, Evaluator)}
    if name not in known:
        raise UnknownUnitError("choosing an evaluator", f"none is called {name!r}", f"use one of {', '.join(known)}")
    return known[name]


def _first(found: Materials) -> str:
    return "none" if found.holdings.empty else f"{found.holdings['published_at'].min():%Y-%m-%d}"
