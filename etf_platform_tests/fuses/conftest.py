"""A small good pool: every fuse passes on it; each test breaks one thing."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.units.fuse import Fuse, FuseContext, Reading

SESSIONS = pd.bdate_range("2024-01-01", "2024-12-31")
SYMBOLS = ("510050.SH", "510300.SH", "510500.SH")
TODAY = SESSIONS[99]


def _bars() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frames = []
    for symbol in SYMBOLS:
        close = 3.0 * np.exp(np.cumsum(rng.normal(0, 0.01, 100)))
        volume = rng.integers(1_000_000, 2_000_000, 100).astype(float)
        frames.append(
            pd.DataFrame(
                {
                    "date": SESSIONS[:100],
                    "symbol": symbol,
                    "open": close,
                    "high": close * 1.01,
                    "low": close * 0.99,
                    "close": close,
                    "prev_close": np.r_[np.nan, close[:-1]],
                    "volume": volume,
                    "amount": close * volume,
                    "adj_factor": 1.0,
                    "amount_estimated": False,
                    "source": "test",
                }
            )
        )
    return pd.concat(frames).sort_values(["date", "symbol"], ignore_index=True)


def momentum(bars: pd.DataFrame) -> pd.DataFrame:
    """An honest panel of one factor: return over three bars."""
    ordered = bars.sort_values(["date", "symbol"], ignore_index=True)
    value = ordered.groupby("symbol")["close"].pct_change(3)
    return ordered[["date", "symbol"]].assign(source="test", MOM_3=value)


def _targets(bars: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    rank = panel.groupby("date")["MOM_3"].rank(ascending=False).fillna(0)
    return panel[["date", "symbol"]].assign(
        score=panel["MOM_3"],
        rank=rank.astype(int),
        is_eligible=rank > 0,
        selection_void=False,
        target_weight=(rank == 1) * 1.0,
    )


def _tables() -> dict[str, pd.DataFrame]:
    bars = _bars()
    panel = momentum(bars)
    equity = pd.DataFrame({"date": SESSIONS[:100], "portfolio_value": np.linspace(100.0, 110.0, 100)})
    return {
        "bars": bars,
        "panel": panel,
        "targets": _targets(bars, panel),
        "equity": equity,
        "members": pd.DataFrame({"symbol": SYMBOLS, "status": "ok", "reason": "", "first_date": SESSIONS[0]}),
        "adjustment_events": pd.DataFrame(
            {"date": [SESSIONS[5]], "symbol": ["510050.SH"], "kind": ["split"], "status": ["accepted"]}
        ),
        "factor_summary": pd.DataFrame(
            {
                "factor_id": ["MOM_3", "MOMENTUM_3", *(f"F{i}" for i in range(8))],
                "column": "MOM_3",
                "is_production": [True] * 8 + [False] * 2,
            }
        ),
        "fills": pd.DataFrame({"decision_date": [SESSIONS[20]], "date": [SESSIONS[21]], "symbol": ["510050.SH"]}),
        "metrics": pd.DataFrame(
            {
                "metric": ["annual_return", "max_drawdown", "sharpe", "monthly_win_rate", "annual_turnover"],
                "value": [0.12, -0.10, 0.9, 0.6, 4.0],
            }
        ),
        "months": pd.DataFrame(
            {
                "month": ["2024-01"] * 5,
                "part": ["total", "510050.SH", "cash", "cost", "selection"],
                "contribution": [0.029, 0.03, 0.0, -0.001, 0.01],
            }
        ),
        "capacity": pd.DataFrame(
            {"type": ["single_position"], "item": ["510050.SH"], "status": ["PASS"], "message": ["fits"]}
        ),
        "fill_attribution": _fill_attribution(),
        "rebalances": pd.DataFrame({"decision_date": [SESSIONS[20]], "date": [SESSIONS[21]], "num_positions": [5]}),
        "indicators": _indicators(bars),
        "forecasts": pd.DataFrame({"date": SESSIONS[:100], "for_date": SESSIONS[1:101], "series": "rotation"}),
        "coverage": _coverage(),
        "reconciliation": _reconciliation(),
        "listings": _listings(),
        "board_counts": _board_counts(),
        "fund_holdings": _fund_holdings(),
        **_scores(),
    }


def _scores() -> dict[str, pd.DataFrame]:
    """Three assets on every session: two factors each, one of which can exist for two of them only."""
    days = pd.DataFrame({"date": SESSIONS[:100]})
    assets = pd.DataFrame({"asset": ["GOLD", "HS300", "CN_BANK"], "total_score": [40.0, 55.0, 70.0], "reason": ""})
    factors = pd.DataFrame({"factor": ["tech", "capital"]})
    both = days.merge(assets, how="cross").merge(factors, how="cross")
    states = days.merge(assets[["asset"]], how="cross").assign(input="bars", state="PASS", reason="")
    skill = {"name": "up_prob_20", "measure": "skill", "value": 0.02, "low": -0.01, "high": 0.05}
    return {
        "asset_scores": days.merge(assets, how="cross"),
        "factor_scores": both.assign(applicable=(both["asset"] != "GOLD") | (both["factor"] == "tech"), available=True),
        "asset_states": states.assign(as_of=states["date"]),
        "score_evaluation": days.assign(**skill, n=3000, n_effective=13),
    }


def _reconciliation() -> pd.DataFrame:
    """Two of three funds were compared on the last day, and agree."""
    rows = pd.DataFrame({"symbol": SYMBOLS, "verdict": ["agrees", "agrees", "absent"]})
    closes = {"close": 2.0, "close_other": 2.0, "source": "live:first", "other_source": "live:second"}
    return rows.assign(date=SESSIONS[99], **closes)


def _board_counts() -> pd.DataFrame:
    """A thousand stocks on every session, ten of them without a known limit."""
    rows = [{"date": day, "board": board} for day in SESSIONS[:100] for board in ("all", "main")]
    return pd.DataFrame(rows).assign(stocks=1000, unknown=10)


def _fund_holdings() -> pd.DataFrame:
    """A quarter's report, and one that will be published later."""
    dates = {
        "as_of": pd.to_datetime(["2024-03-31", "2024-06-30"]),
        "published_at": pd.to_datetime(["2024-04-20", "2024-07-20"]),
    }
    return pd.DataFrame({"symbol": "510300.SH", **dates})


def _listings() -> pd.DataFrame:
    """The provider's names are the configured ones; blanks, and a name that it did not give, make no difference."""
    names = {"name": ["50ETF", "300 ETF", ""], "configured_name": ["50ETF", "300ETF", "500ETF"]}
    state = {"status": "normal", "is_listed": True, "first_seen": SESSIONS[0], "changed_on": SESSIONS[0]}
    return pd.DataFrame({"symbol": SYMBOLS, **names}).assign(date=SESSIONS[99], source="live:first", **state)


def _indicators(bars: pd.DataFrame) -> pd.DataFrame:
    """Values that prices can give, and the VIX of the day before."""
    values = {"rsi_14": 55.0, "adx_14": 30.0, "atr_14": 0.1, "boll_lower_20": 2.0, "boll_upper_20": 4.0, "vix": 15.0}
    before = bars["date"] - pd.Timedelta(days=1)
    return bars[["date", "symbol", "close", "source"]].assign(**values, vix_date=before)


def _coverage() -> pd.DataFrame:
    """The governing method is green; one beside it is red and holds nothing."""
    rows = pd.DataFrame({"method": ["filtered_historical", "parametric"], "light": ["green", "red"]})
    counts = {"n_forecasts": 250, "n_breaches": [2, 11], "expected": 2.5, "reason": "", "last_date": TODAY}
    rows["status"] = ["PASS", "FAIL"]
    return rows.assign(series="rotation", level=0.99, is_governing=[True, False], **counts)


def _fill_attribution() -> pd.DataFrame:
    """One purchase a day whose parts sum to the net result of 80."""
    parts = {"spread_capture": -2.0, "adverse_selection_cost": -5.0, "inventory_cost": 90.0, "hedging_cost": 0.0}
    return pd.DataFrame({"date": SESSIONS[1:100], "strategy": "rotation", "symbol": "510050.SH"}).assign(
        horizon="close", n_unmatched=0, **parts, fees=-3.0, residual=0.0, net_pnl=80.0
    )


PANEL_META: dict[str, Any] = {
    "engine_version": "1",
    "price_field": "close",
    "price_field_priority": ["adj_close", "close"],
    "generated_at": "2024-05-20T10:00:00Z",
    "data_range": {"start_date": "2024-01-01"},
    "run_params": {"a": 1},
    "panel_columns_hash": "ef87b9e350d839fd",  # md5sum of MOMENTUM_3|MOM_3
    "failed_factors": [],
    "factors": {"MOM_3": {}, "MOMENTUM_3": {}},
}


@dataclass
class Case:
    """Tables and context of one judgement; tests replace single pieces."""

    tables: dict[str, pd.DataFrame]
    context: FuseContext

    def with_context(self, **changes: Any) -> "Case":
        return Case(self.tables, replace(self.context, **changes))

    def with_table(self, name: str, frame: pd.DataFrame) -> "Case":
        return Case({**self.tables, name: frame}, self.context)

    def judge(self, fuse: Fuse) -> Reading:
        return fuse.run(self.tables, self.context)


@pytest.fixture
def good() -> Case:
    tables = _tables()
    context = FuseContext(
        "A_SHARE",
        as_of=TODAY,
        sessions=SESSIONS,
        accepted={"coverage": 0.97},
        panel_meta=PANEL_META,
        compute_panel=momentum,
        compute_targets=_targets,
        second_equity=tables["equity"],
    )
    return Case(tables, context)
