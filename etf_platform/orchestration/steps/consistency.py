"""Online against offline on stored tables: what was recorded, and what the same configuration makes of today's data.

The offline side is made anew from the bars alone (scored factors, scores, decisions, back-test), from everything that
is stored, later sessions included: a look-ahead shows exactly there. Not here: comparing (`governance.consistency`).
"""

import json

import pandas as pd

from etf_platform.backtest.rotation import Account, run_rotation
from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.factors.panel import compute_panel
from etf_platform.governance.consistency import About, consistency_rows, first_stage, verdict
from etf_platform.governance.consistency_sides import PRICES, Side, in_force, mixed_decisions, recorded, traded
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.release_configs import configs_of, decides_alike
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.backtest import terms
from etf_platform.orchestration.steps.factors import BAR_COLUMNS, scored_factors
from etf_platform.orchestration.steps.strategies import targets_of, with_limit_rates
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.paper.shadows import SHADOW


def write_consistency(platform: Platform, pool: str, window: Window) -> Outcome:
    """Compare the window's sessions; the offline side is made once.

    Raises
    ------
    BadInputError
        The window has no end.
    """
    if window.end is None:
        raise BadInputError(f"comparing the account of {pool}", "no session is named", "run a partition")
    tables = StepTables(platform, window)
    account = tables.read_if_there(t.PAPER_ACCOUNT, pool)
    days = platform.sessions(pool).between(window.start or window.end, window.end)
    if account is None or account.empty:
        rows = _pending(platform, days, tables)
    else:
        rows = _compared(platform, pool, tables, account, days)
    if len(rows):
        tables.write(t.CONSISTENCY, pool, rows, days[0].date(), days[-1].date())
    return tables.outcome(facts=_facts(rows), frames={"measures": _shown(rows)})


def offline_side(platform: Platform, pool: str, tables: StepTables, account: pd.DataFrame) -> Side:
    """What the configuration makes of everything that is stored, from the first session of the account on."""
    bars = tables.read(t.BARS, pool)
    start = account["date"].min()
    selected = scored_factors(platform, pool, tables)
    columns = list(dict.fromkeys(name for f in selected for name in (f.column, f.raw_column or f.column)))
    panel = compute_panel(bars[BAR_COLUMNS], columns=columns).frame
    exposure = account.set_index("date")["exposure"]
    own = in_force(targets_of(platform, pool, bars, panel, selected), start, exposure)
    decisions = _as_mixed(platform, pool, tables, bars, own, exposure)
    scored = list(dict.fromkeys(factor.column for factor in selected))
    features = panel.loc[panel["date"] >= start, ["date", "symbol", *scored]]
    traded_by = _backtest(platform, pool, bars, decisions, start)
    return Side(
        bars.loc[bars["date"] >= start, ["date", "symbol", *PRICES]],
        features.melt(["date", "symbol"], var_name="feature").astype({"value": "float64"}),
        decisions,
        traded_by.fills,
        traded_by.equity.set_index("date")["portfolio_value"],
    )


def _as_mixed(
    platform: Platform, pool: str, tables: StepTables, bars: pd.DataFrame, own: pd.DataFrame, exposure: pd.Series
) -> pd.DataFrame:
    """The decisions of all releases by their shares, on sessions with releases in force; each by its own rules."""
    shadows = tables.read_if_there(t.PAPER_RELEASES, pool, start=exposure.index.min().date())
    shares = None if shadows is None else shadows[shadows["origin"] == SHADOW]
    if shares is None or shares.empty:
        return own
    sides = {}
    for name, config in configs_of(platform, pool, shares["release_id"].unique().tolist()).items():
        if decides_alike(config, platform.config):
            sides[name] = own
            continue
        of = Platform(platform.workspace, config)
        selected = scored_factors(of, pool, tables)
        columns = list(dict.fromkeys(name for f in selected for name in (f.column, f.raw_column or f.column)))
        panel = compute_panel(bars[BAR_COLUMNS], columns=columns).frame
        sides[name] = in_force(targets_of(of, pool, bars, panel, selected), exposure.index.min(), exposure)
    return mixed_decisions(own, sides, shares, exposure)


def _compared(
    platform: Platform, pool: str, tables: StepTables, account: pd.DataFrame, days: pd.DatetimeIndex
) -> pd.DataFrame:
    decisions, fills = (tables.read_if_there(table, pool) for table in (t.PAPER_DECISIONS, t.PAPER_FILLS))
    online = recorded(
        t.PAPER_DECISIONS.no_rows() if decisions is None else decisions,
        t.PAPER_FILLS.no_rows() if fills is None else fills,
        account,
    )
    offline = offline_side(platform, pool, tables, account)
    sessions = platform.sessions(pool).between(account["date"].min(), days[-1])
    about = About(platform.config.digest, _versions(tables), str(account["source"].iloc[-1]))
    limits = platform.config.governance.consistency
    compared = [
        consistency_rows(online, offline if day in offline.nav.index else None, day, sessions, limits, about)
        for day in days
    ]
    return pd.concat(compared, ignore_index=True)


def _backtest(
    platform: Platform, pool: str, bars: pd.DataFrame, decisions: pd.DataFrame, start: pd.Timestamp
) -> Account:
    from dataclasses import replace

    capital = platform.config.governance.account.capital
    asked = replace(terms(platform.config), start=f"{start:%Y-%m-%d}", initial_capital=capital)
    limited = with_limit_rates(platform.config, bars[bars["date"] >= start])
    sessions = platform.sessions(pool).between(start, bars["date"].max())
    return run_rotation(traded(decisions, str(limited["source"].iloc[0])), limited, asked, sessions)


def _pending(platform: Platform, days: pd.DatetimeIndex, tables: StepTables) -> pd.DataFrame:
    limits = platform.config.governance.consistency
    about = About(platform.config.digest, _versions(tables), platform.source_label)
    nothing = recorded(t.PAPER_DECISIONS.no_rows(), t.PAPER_FILLS.no_rows(), t.PAPER_ACCOUNT.no_rows())
    rows = [consistency_rows(nothing, None, day, days, limits, about) for day in days]
    return pd.concat(rows, ignore_index=True) if rows else t.CONSISTENCY.no_rows()


def _versions(tables: StepTables) -> str:
    return json.dumps(dict(sorted(tables.versions().items())))


def _facts(rows: pd.DataFrame) -> dict[str, object]:
    if rows.empty:
        return {"state": "BLOCKED"}
    last = rows[rows["date"] == rows["date"].max()]
    return {
        "state": verdict(last),
        "first diverging stage": first_stage(last) or "none",
        "reasons": "; ".join(dict.fromkeys(last.loc[last["reason"] != "", "reason"])) or "none",
        "days": int(rows["date"].nunique()),
        "days failed": int(rows.loc[rows["state"] == "FAIL", "date"].nunique()),
    }


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    last = rows[rows["date"] == rows["date"].max()] if len(rows) else rows
    return last[["stage", "measure", "value", "limit", "state", "reason"]]
