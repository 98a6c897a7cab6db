"""Hand-made cases at the limits of the eight checks, and on the data-quality fuses."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.core.units.fuse import FuseContext, Reading, fuse, verdict_row
from etf_platform.fuses import bars, panel, results
from etf_platform.measures.columns import column_facts


def _filled(share: float) -> pd.DataFrame:
    """A panel of 1 factor x 1000 rows of which `share` have a value."""
    value = np.arange(1000.0)
    value[round(share * 1000) :] = np.nan
    return pd.DataFrame(
        {"date": pd.Timestamp("2024-01-02"), "symbol": [f"{i:06d}.SH" for i in range(1000)], "source": "t", "F": value}
    )


@pytest.mark.parametrize(
    ("share", "accepted", "state"),
    [
        (0.80, 0.80, "PASS"),
        (0.799, 0.80, "WARN"),
        (0.70, 0.75, "WARN"),
        (0.699, 0.70, "FAIL"),
        (0.80, 0.90, "FAIL"),  # 0.9 - 0.8 is 0.09999999999999998 in floating point, and still a drop of 0.10
        (0.801, 0.90, "PASS"),
        (0.95, None, "WARN"),
        (0.60, None, "FAIL"),
    ],
)
def test_coverage_bands(share: float, accepted: float | None, state: str) -> None:
    """0.80 and 0.70 are the bands; a drop of 0.10 fails; no earlier run warns."""
    context = FuseContext("P", accepted={} if accepted is None else {"coverage": accepted})

    reading = panel.coverage.run({"panel": _filled(share)}, context)

    assert (reading.state, reading.observed) == (state, pytest.approx(share))


@pytest.mark.parametrize(("constant", "state"), [(0, "PASS"), (1, "WARN"), (9, "WARN"), (10, "FAIL")])
def test_zero_variance_bands(constant: int, state: str) -> None:
    """Ten constant columns are too many; a column without any value is not constant."""
    frame = _filled(1.0).assign(EMPTY=np.nan, **{f"C{i}": 5.0 for i in range(constant)})

    assert panel.zero_variance.run({"panel": frame}, FuseContext("P")).state == state


@pytest.mark.parametrize(
    ("metric", "just", "beyond"),
    [
        ("annual_return", 0.08, 0.0799),
        ("max_drawdown", -0.30, -0.3001),
        ("sharpe", 0.5, 0.4999),
        ("monthly_win_rate", 0.45, 0.4499),
    ],
)
def test_thresholds_fail_the_portfolio_and_warn_a_pool(metric: str, just: float, beyond: float, good: Any) -> None:
    """The limit itself is good enough."""

    def judge(value: float, universe: str) -> State:
        metrics = good.tables["metrics"]
        changed = good.with_table(
            "metrics", metrics.assign(value=metrics["value"].where(metrics["metric"] != metric, value))
        )
        return changed.with_context(universe=universe).judge(results.backtest_thresholds).state

    assert judge(just, "portfolio") is State.PASS
    assert judge(beyond, "portfolio") is State.FAIL
    assert judge(beyond, "A_SHARE") is State.WARN
    assert judge(float("nan"), "A_SHARE") is State.BLOCKED


def test_the_published_extreme_month_is_no_alarm(good: Any) -> None:
    """+26.94 % (A_SHARE, September 2024) passes; -30.1 % warns."""

    def judge(value: float) -> Reading:
        months = pd.DataFrame({"month": ["2024-09"], "part": ["total"], "contribution": [value]})
        return good.with_table("months", months).judge(results.extreme_month)

    assert judge(0.2694).state is State.PASS
    assert judge(-0.301).state is State.WARN
    assert "2024-09 -30.10%" in judge(-0.301).reason


def test_a_month_without_parts_cannot_be_summed(good: Any) -> None:
    """No parts are not parts that sum to zero."""
    months = pd.DataFrame({"month": ["2024-09"], "part": ["total"], "contribution": [0.0]})

    assert good.with_table("months", months).judge(results.months_sum).state is State.BLOCKED


def test_a_violation_outside_the_portfolio_only_warns(good: Any) -> None:
    """A pool of weight 0 is shown and holds nothing; a row that could not be judged still blocks."""
    failing = good.with_table("capacity", good.tables["capacity"].assign(status="FAIL")).with_context(
        in_portfolio=False
    )
    blocked = good.with_table("capacity", good.tables["capacity"].assign(status="BLOCKED")).with_context(
        in_portfolio=False
    )

    assert failing.judge(results.capacity).state is State.WARN
    assert blocked.judge(results.capacity).state is State.BLOCKED


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda p: pd.concat([p, p.iloc[[-1]]]), "twice"),
        (lambda p: p.iloc[::-1], "not sorted"),
        (
            lambda p: p.assign(date=p["date"].replace(p["date"].max(), pd.Timestamp("2024-05-18"))),
            "no session: 2024-05-18",
        ),
        (lambda p: p.drop(columns="symbol"), "no column symbol"),
        (lambda p: p.set_index(["date", "symbol"]), r"expected \('symbol', 'date'\)"),
    ],
)
def test_index_problems_are_named(spoil: Any, problem: str, good: Any) -> None:
    """Each defect of the key has its own words; 2024-05-18 is a Saturday."""
    import re

    found = panel.index_problems(spoil(good.tables["panel"]), good.context.sessions)

    assert any(re.search(problem, text) for text in found), found


def test_the_exported_index_is_in_order(good: Any) -> None:
    """The export is indexed and sorted by symbol, then date."""
    exported = good.tables["panel"].set_index(["symbol", "date"]).sort_index()

    assert panel.index_problems(exported, good.context.sessions) == []


def test_three_failed_factors_of_314_are_tolerated_four_are_not(good: Any) -> None:
    """1 % of 314 is 3.14."""

    def judge(n: int) -> State:
        panels = good.tables["panel"]
        table = panels.join(pd.DataFrame(1.0, index=panels.index, columns=[f"F{i}" for i in range(313)]))
        meta = {"failed_factors": [{"factor": f"F{i}", "error": "no such attribute"} for i in range(n)]}
        return good.with_table("panel", table).with_context(panel_meta=meta).judge(panel.failed_factors).state

    assert [judge(n) for n in (0, 1, 3, 4)] == ["PASS", "WARN", "WARN", "FAIL"]


def test_metadata_names_what_is_missing(good: Any) -> None:
    """An empty run_params is as bad as none."""
    meta = {**good.context.panel_meta, "run_params": {}}
    del meta["engine_version"]

    reading = good.with_context(panel_meta=meta).judge(panel.metadata)

    assert reading.reason == "engine_version is missing or empty; run_params is missing or empty"


def test_a_described_factor_that_is_not_in_the_panel_is_found(good: Any) -> None:
    """The original's description named 105 factors that were never computed; the hash is md5sum of GONE|MOM_3."""
    meta = {**good.context.panel_meta, "factors": {"MOM_3": {}, "GONE": {}}, "panel_columns_hash": "c84a2643e7b9c8f5"}

    assert good.with_context(panel_meta=meta).judge(panel.metadata).reason == "described and not in the panel: GONE"


def test_lots_read_as_shares_are_a_unit_mismatch(good: Any) -> None:
    """Volume 100 times too small from today on is seen today; one wild old row is not an alarm."""
    table = good.tables["bars"]
    today, old = table["date"] == table["date"].max(), table.index == 30

    lots = good.with_table("bars", table.assign(volume=table["volume"].where(~today, table["volume"] / 100)))
    wild = good.with_table("bars", table.assign(amount=table["amount"].where(~old, table["amount"] * 50)))

    assert lots.judge(bars.unit_mismatch).state is State.BLOCKED
    assert lots.judge(bars.unit_mismatch).observed == pytest.approx(100.0)
    assert lots.judge(bars.unit_mismatch).reason.startswith("unit_mismatch")
    assert wild.judge(bars.unit_mismatch).state is State.PASS


def test_one_of_five_members_out_is_told_and_two_halt(good: Any) -> None:
    """The limit is 20 % of the pool."""

    def judge(out: int) -> Reading:
        members = pd.DataFrame(
            {"symbol": list("abcde"), "status": ["no_data"] * out + ["ok"] * (5 - out), "reason": "gone"}
        )
        return good.with_table("members", members).judge(bars.broken_members)

    assert [judge(n).state for n in (0, 1, 2)] == ["PASS", "WARN", "FAIL"]
    assert judge(1).reason == "left out: a (no_data: gone)"


def test_a_hole_in_the_sessions_is_found(good: Any) -> None:
    """A session in the middle without any bar fails; a member that starts later is not expected earlier."""
    table, members = good.tables["bars"], good.tables["members"]
    hole = good.with_table("bars", table[table["date"] != good.context.sessions[50]])
    young = good.with_table(
        "members",
        pd.concat(
            [
                members,
                pd.DataFrame(
                    {"symbol": ["1.SH"], "status": "ok", "reason": "", "first_date": good.context.sessions[120]}
                ),
            ]
        ),
    )

    assert hole.judge(bars.completeness).reason == f"sessions without a bar: {good.context.sessions[50]:%Y-%m-%d}"
    assert hole.judge(bars.completeness).state is State.FAIL
    assert young.judge(bars.completeness).state is State.PASS


@pytest.mark.parametrize(("left", "state"), [(30, "PASS"), (29, "WARN"), (0, "WARN"), (-1, "BLOCKED")])
def test_the_calendar_warns_thirty_sessions_ahead(left: int, state: str, good: Any) -> None:
    """Beyond its end nothing can be judged."""
    short = good.with_context(sessions=good.context.sessions[: 100 + left])

    assert short.judge(bars.calendar_end).state == state


def test_a_reading_that_says_nothing_is_blocked() -> None:
    """Neither a NaN nor silence opens a gate."""

    @fuse(guards="market/bars", on_fail="warn")
    def silent(context: FuseContext) -> Reading:
        """Nothing is said."""
        return Reading(float("nan"), passed=True) if context.top_n == 1 else Reading()

    assert silent.run({}, FuseContext("P", top_n=1)).state is State.BLOCKED
    assert silent.run({}, FuseContext("P")).state is State.BLOCKED


@pytest.mark.parametrize(
    ("guards", "doc", "match"),
    [
        ("market/bar", "Holds.", "no table stands at"),
        ("market/bars", "", "holds no sentence"),
    ],
)
def test_a_wrong_declaration_is_refused(guards: str, doc: str, match: str) -> None:
    """Mistakes show when the module is imported."""

    def broken(bars: pd.DataFrame) -> Reading:
        return Reading(passed=True)

    broken.__doc__ = doc

    with pytest.raises(BadInputError, match=match):
        fuse(guards=guards, on_fail="warn")(broken)


def test_a_parameter_that_is_no_table_is_refused() -> None:
    """The parameter names are the declaration of the inputs."""

    def broken(prices: pd.DataFrame) -> Reading:
        """Holds."""
        return Reading(passed=True)

    with pytest.raises(BadInputError, match="no table is called prices"):
        fuse(guards="market/bars", on_fail="warn")(broken)


def test_a_verdict_row_carries_the_reading(good: Any) -> None:
    """The row that the ops database stores."""
    reading = good.judge(results.turnover)

    assert verdict_row(results.turnover, reading, good.context) == {
        "universe": "A_SHARE",
        "guards": "backtest/metrics",
        "fuse": "turnover",
        "as_of": pd.Timestamp("2024-05-17"),
        "state": "PASS",
        "on_fail": "warn",
        "observed": 4.0,
        "limit": 10.0,
        "reason": "",
    }


@pytest.mark.parametrize("name", ["coverage", "zero_variance", "index_spec", "failed_factors", "metadata"])
@pytest.mark.parametrize("spoil", ["nothing", "gaps", "constant"])
def test_facts_in_the_context_are_judged_as_the_panel_itself(good: Any, name: str, spoil: str) -> None:
    """The stored panel is not read as a whole every day: key columns and the figures of its columns are enough."""
    table = good.tables["panel"].copy()
    if spoil == "gaps":
        table["MOM_3"] = table["MOM_3"].where(table["symbol"] == "510050.SH")
    if spoil == "constant":
        table["F"] = 1.0
    whole, unit = good.with_table("panel", table), getattr(panel, name)
    keys = ["date", "symbol", "source"]
    narrow = good.with_table("panel", table[keys]).with_context(panel_columns=column_facts(table.drop(columns=keys)))

    assert narrow.judge(unit) == whole.judge(unit)
    assert unit.declared_only == ("panel",)
