"""What the documents of the week's figures are made from: KPI, risk, fills, quotes, as the builders are handed them.

Not here: documents of judgements (`judgements`), arithmetic (`governance.weekly`, `risk`).
"""

import datetime as dt

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.governance import releases
from etf_platform.governance.experiment_record import Experiment
from etf_platform.governance.experiments import KINDS as EXPERIMENT_KINDS
from etf_platform.governance.experiments import experiments
from etf_platform.governance.weekly import risk_exceptions
from etf_platform.governance.weekly.about import Reference
from etf_platform.governance.weekly.fill_parts import Parts, Terms, fill_parts
from etf_platform.governance.weekly.live_deviation_snapshot import Quoted
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.steps.attribution import STRATEGY, booking_of, sectors_of
from etf_platform.orchestration.steps.paper import terms_of
from etf_platform.orchestration.steps.risk import expected_groups
from etf_platform.orchestration.weekly.week import Week
from etf_platform.risk.attribution.weights import active_weights, fund_returns
from etf_platform.risk.coverage import coverage_rows

EVE = dt.timedelta(days=15)  # the longest closure of the exchange was shorter
ORDERS = dt.timedelta(days=45)  # failed sales are tried again; a decision is at most a month old
TRADED_SESSIONS = 20


def kpi_values(week: Week) -> pd.DataFrame:
    """Weekly and daily rows of every active strategy, back to the week before; one table per strategy."""
    start = week.monday - dt.timedelta(days=7)
    return pd.concat([week.rows(t.KPI_VALUES, strategy, start) for strategy in week.strategies], ignore_index=True)


def references(week: Week) -> dict[str, Reference]:
    """Release, experiment and parameters of every strategy at the week's end."""
    known = registry(week)
    return {strategy: _reference(week, strategy, known) for strategy in week.strategies}


def registry(week: Week) -> dict[str, Experiment]:
    """Experiments on record; also those recorded after a past week, which its releases may name."""
    from etf_platform.storage.events import events

    return experiments(week.platform.config.governance, events(week.platform.ops, EXPERIMENT_KINDS))


def risk_facts(week: Week) -> risk_exceptions.Facts:
    """Exception tests as of the week's last session, the KPI of the week, and what strategies point to."""
    parts = [_coverage(week, strategy) for strategy in week.strategies]
    coverage = pd.concat(parts, ignore_index=True)
    document = week.document("kpi_snapshot") or {}
    return risk_exceptions.Facts(
        coverage, _contributors(week, coverage), document.get("kpi_snapshot", ()), week.strategies, references(week)
    )


def attributed(week: Week) -> tuple[dict[str, Parts], dict[str, list[dt.date]], dict[str, str]]:
    """Parts per running account, sessions of the week that it knows, and why a strategy could not be attributed."""
    parts: dict[str, Parts] = {}
    known: dict[str, list[dt.date]] = {}
    errors: dict[str, str] = {}
    for pool in week.pools:
        account = _from_eve(week.rows(t.PAPER_ACCOUNT, pool, week.monday - EVE), week.monday)
        known[pool] = [day.date() for day in account["date"] if day.date() in week.sessions]
        if not known[pool]:
            continue
        fills = week.rows(t.PAPER_FILLS, pool)
        bars = week.rows(t.BARS, pool, week.monday - ORDERS)
        try:
            parts[pool] = fill_parts(account, fills, bars, _terms(week.platform, pool))
        except BadInputError as error:
            errors[pool] = str(error)
    return parts, known, errors


def quoted(week: Week) -> dict[str, Quoted]:
    """Quotes of every pool with sectors and mean turnover."""
    return {pool: _quoted(week, pool) for pool in week.pools}


def _reference(week: Week, strategy: str, known: dict[str, Experiment]) -> Reference:
    state = releases.fold(week.events, week.platform.config.governance, strategy)
    release = state.candidate or state.active
    config = f"config:{week.platform.config.digest}"
    if release is None:
        return Reference(parameter_id=config)
    found = known.get(release.experiment_id)
    parameters = found.params_hash if found else f"config:{release.config_hash}"
    return Reference(release.release_id, release.experiment_id, parameters)


def _coverage(week: Week, strategy: str) -> pd.DataFrame:
    """Tests of the account's forecasts, from the exceptions up to the week's end: a past week's are those of then."""
    config = week.platform.config.risk
    found = week.rows(t.EXCEPTIONS, strategy, week.monday - dt.timedelta(days=2 * config.test_window))
    mine = found[found["series"] == STRATEGY]
    if mine.empty:
        return coverage_rows(t.EXCEPTIONS.no_rows(), config).assign(strategy=strategy)
    asked = pd.DataFrame({"series": [STRATEGY], "source": [str(mine["source"].iloc[-1])]})
    return coverage_rows(mine, config, expected_groups(asked, config)).assign(strategy=strategy)


def _contributors(week: Week, coverage: pd.DataFrame) -> pd.DataFrame:
    """What every fund added to an account on the worst breaches; in the portfolio, by the pool's configured weight."""
    worst = coverage[["strategy", "worst_date"]].dropna().drop_duplicates()
    shares = week.platform.config.etf_pools.strategy.portfolio.weights
    parts = [pd.DataFrame({"strategy": [], "date": [], "symbol": [], "contribution": []})]
    for pool in week.pools:
        days = worst.loc[worst["strategy"].isin([pool, PORTFOLIO]), "worst_date"].unique()
        added = _added(week, pool, pd.DatetimeIndex(days)) if len(days) else None
        if added is None:
            continue
        parts.append(added.assign(strategy=pool))
        blended = added["contribution"] * shares.get(pool, 0.0)
        parts.append(added.assign(strategy=PORTFOLIO, contribution=blended))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _added(week: Week, pool: str, days: pd.DatetimeIndex) -> pd.DataFrame | None:
    """Weight at the close before times return, of every fund that the pool held on some days."""
    start = days.min().date() - EVE
    held, equity, bars = (week.rows(table, pool, start) for table in (t.POSITIONS, t.EQUITY, t.BARS))
    if held.empty or equity.empty:
        return None
    weights = active_weights(held, equity, fund_returns(bars))
    there = weights[weights["date"].isin(days) & (weights["portfolio_weight"] > 0.0)]
    return there[["date", "symbol"]].assign(contribution=there["portfolio_weight"] * there["return"])


def _from_eve(account: pd.DataFrame, monday: dt.date) -> pd.DataFrame:
    """The account's rows of the week, after the last one before it."""
    account = account.sort_values("date", ignore_index=True)
    earlier = int((account["date"] < pd.Timestamp(monday)).sum())
    return account.iloc[max(earlier - 1, 0) :].reset_index(drop=True)


def _terms(platform: Platform, pool: str) -> Terms:
    share, sectors = booking_of(platform.config).slippage_share, sectors_of(platform.config)
    return Terms(pool, terms_of(platform, pool).fills_at, share, sectors)


def _quoted(week: Week, pool: str) -> Quoted:
    quotes = week.rows(t.QUOTES, pool)
    bars = week.rows(t.BARS, pool, week.monday - ORDERS)
    at = pd.to_datetime(quotes["feed_time"], utc=True).fillna(pd.to_datetime(quotes["fetched_at"], utc=True))
    days = sorted(bars["date"].unique())[-TRADED_SESSIONS:]
    recent = bars[bars["date"].isin(days)]
    traded = {str(symbol): float(mean) for symbol, mean in recent.groupby("symbol")["amount"].mean().items()}
    shown = quotes.assign(at=at)[["date", "symbol", "at", "last", "iopv"]]
    are_due = week.platform.provides_quotes(pool) or week.platform.lake.exists(t.QUOTES, pool)
    return Quoted(shown, sectors_of(week.platform.config), traded, are_due)
