"""What every fuse promises, run on all of them: a new fuse needs one line in `BROKEN` and nothing else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from etf_platform.core.config.models import FuseOverride, FusesConfig
from etf_platform.core.errors import ConfigError
from etf_platform.core.states import State
from etf_platform.core.units.fuse import Fuse
from etf_platform.fuses import configured_fuses, every_fuse

FUSES = {fuse.name: fuse for fuse in every_fuse()}
every = pytest.mark.parametrize("fuse", FUSES.values(), ids=FUSES)


def _table(name: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda case: case.with_table(name, change(case.tables[name]))


def _metric(name: str, value: float) -> Callable[[Any], Any]:
    return _table("metrics", lambda m: m.assign(value=m["value"].where(m["metric"] != name, value)))


def _leaky(bars: Any) -> Any:
    ordered = bars.sort_values(["date", "symbol"], ignore_index=True)
    return ordered[["date", "symbol"]].assign(source="test", F=ordered["close"] / ordered["close"].mean())


BROKEN: dict[str, tuple[State, Callable[[Any], Any]]] = {
    "freshness": (State.FAIL, lambda c: c.with_context(sessions=c.context.sessions[:99])),
    "completeness": (
        State.FAIL,
        _table("bars", lambda b: b[(b["date"] < b["date"].max()) | (b["symbol"] == "510050.SH")]),
    ),
    "closes_are_fresh": (State.BLOCKED, _table("bars", lambda b: b[b["date"] != sorted(set(b["date"]))[-2]])),
    "broken_members": (State.FAIL, _table("members", lambda m: m.assign(status=["ok", "ok", "quarantined"]))),
    "sources_agree": (State.FAIL, _table("reconciliation", lambda r: r.assign(verdict="differs"))),
    "names_agree": (State.WARN, _table("listings", lambda x: x.assign(status="delisted", is_listed=False))),
    "stocks_are_all_there": (
        State.FAIL,
        _table("board_counts", lambda c: c.assign(stocks=c["stocks"].where(c["date"] < c["date"].max(), 949))),
    ),
    "limits_are_known": (State.FAIL, _table("board_counts", lambda c: c.assign(unknown=21))),
    "holdings_are_fresh": (
        State.WARN,
        _table("fund_holdings", lambda h: h.assign(as_of=h["as_of"] - np.timedelta64(150, "D"))),
    ),
    "factors_cover_the_assets": (
        State.WARN,
        _table("factor_scores", lambda f: f.assign(available=f["factor"] != "capital")),
    ),
    "enough_assets_are_scored": (
        State.WARN,
        _table("asset_scores", lambda s: s.assign(total_score=s["total_score"].where(s["asset"] == "GOLD"))),
    ),
    "totals_differ": (State.FAIL, _table("asset_scores", lambda s: s.assign(total_score=58.33))),
    "inputs_keep_coming": (State.WARN, _table("asset_states", lambda s: s.assign(state="BLOCKED", reason="old"))),
    "probabilities_have_skill": (State.WARN, _table("score_evaluation", lambda e: e.assign(value=-0.004))),
    "unit_mismatch": (State.BLOCKED, _table("bars", lambda b: b.assign(amount=b["amount"] / 1000))),
    "calendar_end": (State.WARN, lambda c: c.with_context(sessions=c.context.sessions[:120])),
    "adjustment_review": (State.FAIL, _table("adjustment_events", lambda e: e.assign(status="review"))),
    "t_plus_1": (State.FAIL, lambda c: c.with_context(compute_panel=_leaky, compute_targets=None)),
    "fills_after_decisions": (State.FAIL, _table("fills", lambda f: f.assign(date=f["decision_date"]))),
    "coverage": (State.FAIL, _table("panel", lambda p: p.assign(MOM_3=p["MOM_3"].where(p["symbol"] == "510050.SH")))),
    "effective_factors": (State.FAIL, _table("factor_summary", lambda s: s.iloc[1:])),
    "index_spec": (State.FAIL, _table("panel", lambda p: p.iloc[::-1])),
    "zero_variance": (State.FAIL, _table("panel", lambda p: p.assign(**{f"F{i}": 1.0 for i in range(10)}))),
    "metadata": (
        State.FAIL,
        lambda c: c.with_context(panel_meta=c.context.panel_meta | {"panel_columns_hash": "0" * 16}),
    ),
    "failed_factors": (
        State.FAIL,
        lambda c: c.with_context(panel_meta=c.context.panel_meta | {"failed_factors": ["F1", "F2", "F3"]}),
    ),
    "backtest_thresholds": (State.WARN, _metric("sharpe", 0.49)),
    "extreme_month": (State.WARN, _table("months", lambda m: m.assign(contribution=m["contribution"] * -11))),
    "months_sum": (
        State.FAIL,
        _table("months", lambda m: m.assign(contribution=m["contribution"] + [1e-6, 0, 0, 0, 0])),
    ),
    "turnover": (State.WARN, _metric("annual_turnover", 10.1)),
    "vol_target_scale": (
        State.WARN,
        _table("metrics", lambda m: m.replace("sharpe", "vol_target_scale").assign(value=0.5)),
    ),
    "capacity": (State.FAIL, _table("capacity", lambda c: c.assign(status="FAIL"))),
    "selection_void": (State.WARN, _table("targets", lambda t: t.assign(selection_void=True))),
    "positions_below_top_n": (State.WARN, _table("rebalances", lambda r: r.assign(num_positions=4))),
    "attribution_coverage": (
        State.FAIL,
        _table("fill_attribution", lambda a: a.assign(residual=12.0, net_pnl=92.0)),
    ),
    "attribution_identity_closes": (
        State.FAIL,
        _table("fill_attribution", lambda a: a.assign(residual=1e-3, net_pnl=80.001)),
    ),
    "indicator_sanity": (State.FAIL, _table("indicators", lambda i: i.assign(adx_14=100.5))),
    "forecast_coverage": (State.FAIL, _table("coverage", lambda c: c.assign(light="red", status="FAIL"))),
    "forecasts_precede_their_day": (State.FAIL, _table("forecasts", lambda f: f.assign(for_date=f["date"]))),
    "run_agreement": (
        State.FAIL,
        lambda c: c.with_context(
            second_equity=c.tables["equity"].assign(portfolio_value=np.linspace(100.0, 110.06, 100))
        ),
    ),
}


def test_every_fuse_has_a_broken_example() -> None:
    """The table of broken examples names exactly the fuses that exist."""
    assert set(BROKEN) == set(FUSES)


@every
def test_passes_on_the_good_pool(fuse: Fuse, good: Any) -> None:
    """The good pool opens every gate."""
    reading = good.judge(fuse)

    assert (reading.state, reading.limit is None) == (State.PASS, False), reading.reason


@every
def test_is_not_open_to_its_broken_example(fuse: Fuse, good: Any) -> None:
    """One broken thing gives the declared state and a reason."""
    state, breaking = BROKEN[fuse.name]

    reading = breaking(good).judge(fuse)

    assert reading.state == state
    assert reading.reason


@every
def test_a_missing_input_is_blocked(fuse: Fuse, good: Any) -> None:
    """Each input alone, when it was never written or is empty, blocks; so does an empty context."""
    for name in fuse.inputs:
        without = {other: frame for other, frame in good.tables.items() if other != name}
        assert fuse.run(without, good.context).state is State.BLOCKED
        assert name in fuse.run(without, good.context).reason
    if not fuse.inputs:
        assert good.with_context(sessions=None).judge(fuse).state is State.BLOCKED


@every
def test_an_empty_input_is_blocked_unless_empty_is_an_answer(fuse: Fuse, good: Any) -> None:
    """No corporate action and no fill are answers; no bar is none."""
    for name in set(fuse.inputs) - {"adjustment_events", "fills"}:
        assert good.with_table(name, good.tables[name].iloc[:0]).judge(fuse).state is State.BLOCKED


@every
def test_a_stale_input_is_blocked(fuse: Fuse, good: Any) -> None:
    """Tables with a row per session must reach the judged day."""
    late = good.with_context(as_of=good.context.sessions[100])

    for name in set(fuse.inputs) & {"bars", "panel", "targets", "equity"}:
        assert "stale" in late.judge(fuse).reason, name
        assert late.judge(fuse).state is State.BLOCKED


@every
def test_a_missing_column_is_blocked(fuse: Fuse, good: Any) -> None:
    """A table of the wrong shape is no input."""
    needs_dates_only = {("freshness", "bars"), ("backtest_thresholds", "equity")}
    for name in set(fuse.inputs) - {"panel"}:
        if (fuse.name, name) in needs_dates_only:
            continue
        kept = [column for column in good.tables[name].columns if column == "date"]
        assert good.with_table(name, good.tables[name][kept]).judge(fuse).state is State.BLOCKED


@every
def test_says_what_should_hold_in_one_line(fuse: Fuse) -> None:
    """The first line of the docstring is a sentence."""
    assert fuse.sentence.endswith(".")
    assert len(fuse.sentence) < 125


@every
def test_sees_nothing_after_the_judged_day(fuse: Fuse, good: Any) -> None:
    """A verdict on an earlier day does not change when later rows are there."""
    day = good.context.sessions[80]
    cut = {name: f[f["date"] <= day] if "date" in f else f for name, f in good.tables.items()}

    full, short = (
        fuse.run(good.tables, good.with_context(as_of=day).context),
        fuse.run(cut, good.with_context(as_of=day).context),
    )

    assert (full.state, full.reason) == (short.state, short.reason)


def test_the_declared_gates_are_those_of_the_specification() -> None:
    """Data faults halt, result faults hold, the rest is told."""
    assert {name for name, fuse in FUSES.items() if fuse.on_fail == "halt"} == {
        "freshness",
        "completeness",
        "closes_are_fresh",
        "broken_members",
        "unit_mismatch",
        "t_plus_1",
        "coverage",
        "index_spec",
        "zero_variance",
        "failed_factors",
        "indicator_sanity",
        "stocks_are_all_there",
        "limits_are_known",
        "totals_differ",
    }
    assert {name for name, fuse in FUSES.items() if fuse.on_fail == "warn"} == {
        "factors_cover_the_assets",
        "enough_assets_are_scored",
        "inputs_keep_coming",
        "probabilities_have_skill",
        "holdings_are_fresh",
        "calendar_end",
        "extreme_month",
        "turnover",
        "vol_target_scale",
        "selection_void",
        "positions_below_top_n",
        "names_agree",
    }


def test_pool_fuses_leave_universes_alone() -> None:
    """What is known of US bars is judged by the fuses of bars that need no pool."""
    on_us = {name for name, fuse in FUSES.items() if fuse.applies_to("US", ("US",))}

    on_accounts = {"forecast_coverage", "forecasts_precede_their_day"}
    on_bars = {"closes_are_fresh", "broken_members", "calendar_end", "sources_agree"}
    assert on_us == on_bars | {"indicator_sanity"} | on_accounts
    assert not FUSES["closes_are_fresh"].applies_to("A_SHARE", ("US",))
    assert not FUSES["closes_are_fresh"].applies_to("portfolio", ("US",))


def test_the_trackers_fuses_judge_its_two_universes_and_nothing_else_does() -> None:
    """Fuses of pools would read five million bars; a pool has no boards."""
    names = {"STOCK": "stocks", "FUND": "funds"}
    on = {
        u: {n for n, f in FUSES.items() if f.applies_to(u, ("US",), names)} for u in ("STOCK", "FUND", "A_SHARE", "US")
    }

    assert on["STOCK"] == {"stocks_are_all_there", "limits_are_known"}
    assert on["FUND"] == {"holdings_are_fresh"}
    assert not (on["A_SHARE"] | on["US"]) & (on["STOCK"] | on["FUND"])


def test_the_scorings_fuses_judge_the_scored_assets_alone() -> None:
    """Pools and stocks have no scores, and assets on four calendars no pool."""
    names = {"ASSETS": "scored", "STOCK": "stocks"}
    on = {u: {n for n, f in FUSES.items() if f.applies_to(u, ("US",), names)} for u in ("ASSETS", "STOCK", "A_SHARE")}

    assert on["ASSETS"] == {
        "factors_cover_the_assets",
        "enough_assets_are_scored",
        "totals_differ",
        "inputs_keep_coming",
        "probabilities_have_skill",
    }
    assert not on["ASSETS"] & (on["STOCK"] | on["A_SHARE"])


def test_one_stale_member_is_told_and_blocks_no_other(good: Any) -> None:
    """A recorded index that ended years ago must not stop the funds beside it."""
    ended = _table("bars", lambda b: b[(b["symbol"] != "510050.SH") | (b["date"] < b["date"].max())])

    reading = ended(good).judge(FUSES["closes_are_fresh"])

    assert reading.state is State.WARN
    assert reading.observed == 1 / 3
    assert "510050.SH: the last close is of 2024-05-16" in reading.reason


def test_an_override_changes_what_a_failure_does(good: Any) -> None:
    """`extreme_month: {on_fail: hold, limit: 0.02}` makes a month of 2.9 % a FAIL."""
    override = {"extreme_month": FuseOverride(on_fail="hold", limit=0.02), "run_agreement": FuseOverride(limit=0.1)}
    fuses = {fuse.name: fuse for fuse in configured_fuses(FusesConfig(overrides=override))}

    assert good.judge(fuses["extreme_month"]).state is State.FAIL
    assert not fuses["run_agreement"].enabled


def test_an_override_of_an_unknown_fuse_is_refused() -> None:
    """A misspelt name does not silently do nothing."""
    with pytest.raises(ConfigError, match="no fuse is called extreme_mont"):
        configured_fuses(FusesConfig(overrides={"extreme_mont": FuseOverride()}))
