"""Attribution and live deviation of a week. Expected values are by hand."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import ConsistencyThresholds
from etf_platform.core.errors import BadInputError
from etf_platform.governance.weekly import live_deviation_snapshot, pnl_attribution
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.fill_parts import Terms, fill_parts
from etf_platform.governance.weekly.live_deviation_snapshot import Quoted, aligned

SESSIONS = tuple(dt.date(2024, 11, day) for day in (4, 5, 6, 7, 8))

ABOUT = About("2024-W45", SESSIONS, commit="0.1.0+354d4126060c", is_dirty=False)


def day_of(date: str, nav: float, shares: float, close: float, adj: float = 1.0) -> dict:
    held = {"510300.SH": shares} if shares else {}
    marks = {"510300.SH": [close, adj]} if shares else {}
    return {
        "date": pd.Timestamp(date),
        "nav": nav,
        "positions": json.dumps(held),
        "marks": json.dumps(marks),
        "source": "s",
    }


def fill(**changes: object) -> pd.DataFrame:
    row = {
        "date": pd.Timestamp("2024-11-05"), "decision_date": pd.Timestamp("2024-11-04"), "symbol": "510300.SH",
        "side": "buy", "shares": 5000.0, "price": 4.012, "cost": 5.015, "status": "filled", "origin": "fills.csv",
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


def bar(date: str, opened: float, close: float, adj: float = 1.0) -> dict:
    return {"date": pd.Timestamp(date), "symbol": "510300.SH", "open": opened, "close": close, "adj_factor": adj}


# position before 10,000 at 4.000; bought 5,000 at 4.012 against a mid of 4.010; marked at 4.020; fee 5.015
BEFORE = day_of("2024-11-04", 100_000.0, 10_000.0, 4.000)

AFTER = day_of("2024-11-05", 100_234.985, 15_000.0, 4.020)

BARS = pd.DataFrame([bar("2024-11-04", 3.99, 4.000), bar("2024-11-05", 4.010, 4.020)])

KNOWN = {"A_SHARE": list(SESSIONS)}


class TestAttribution:
    def test_an_imported_fill_closes_as_by_hand(self):
        parts = fill_parts(pd.DataFrame([BEFORE, AFTER]), fill(), BARS, Terms("A_SHARE"))

        row = parts.rows.iloc[0]
        # spread 5000 * (4.010 - 4.012); adverse 5000 * (4.020 - 4.010); held 10000 * 0.020 + 5000 * (4.020 - 4.020)
        assert row[["spread_capture", "adverse_selection_cost", "inventory_cost", "fees"]].tolist() == pytest.approx(
            [-10.0, 50.0, 200.0, -5.015]
        )
        assert row["net_pnl"] == pytest.approx(234.985)
        assert row["residual"] == pytest.approx(0.0, abs=1e-9)
        assert row["delay"] == pytest.approx(5000 * (4.000 - 4.010))
        assert row["reason"] == "no_hedge"
        assert parts.change == pytest.approx(234.985)

    def test_a_modelled_fill_moves_its_slippage_from_the_cost_into_the_price(self):
        # bought at the open of 4.010, cost 25.0625 of which 80 % is slippage: 20.05 spread, 5.0125 fee
        done = fill(price=4.010, cost=25.0625, origin="modelled")
        after = {**AFTER, "nav": 100_000.0 + 200.0 + 50.0 - 25.0625}

        parts = fill_parts(pd.DataFrame([BEFORE, after]), done, BARS, Terms("A_SHARE", slippage_share=0.8))

        row = parts.rows.iloc[0]
        assert row[["spread_capture", "fees", "adverse_selection_cost", "inventory_cost"]].tolist() == pytest.approx(
            [-20.05, -5.0125, 50.0, 200.0]
        )
        assert row["residual"] == pytest.approx(0.0, abs=1e-9)

    def test_where_the_figures_come_from_stands_on_every_row(self):
        rows = [{**day, "source": "sample (simulated)"} for day in (BEFORE, AFTER)]
        parts = fill_parts(pd.DataFrame(rows), fill(), BARS, Terms("A_SHARE"))

        (row,) = pnl_attribution.build({"A_SHARE": parts}, KNOWN, {}, 0.9, ABOUT).body["attribution"]

        assert row["source"] == "sample (simulated)"

    def test_spread_capture_is_signed_and_counts_losses_too(self):
        parts = fill_parts(pd.DataFrame([BEFORE, AFTER]), fill(), BARS, Terms("A_SHARE"))

        assert parts.rows["spread_capture"].sum() < 0.0

    def test_a_split_is_no_result(self):
        after = day_of("2024-11-05", 100_000.0, 20_000.0, 2.000, adj=2.0)
        bars = pd.DataFrame([bar("2024-11-04", 3.99, 4.000), bar("2024-11-05", 2.0, 2.000, adj=2.0)])

        parts = fill_parts(pd.DataFrame([BEFORE, after]), fill().iloc[:0], bars, Terms("A_SHARE"))

        assert parts.rows["inventory_cost"].sum() == pytest.approx(0.0)
        assert parts.rows["residual"].sum() == pytest.approx(0.0)

    def test_a_fill_without_a_mid_goes_to_the_residual_and_is_listed(self):
        bars = pd.DataFrame([bar("2024-11-04", 3.99, 4.000), bar("2024-11-05", np.nan, 4.020)])

        parts = fill_parts(pd.DataFrame([BEFORE, AFTER]), fill(), bars, Terms("A_SHARE"))
        artefact = pnl_attribution.build({"A_SHARE": parts}, KNOWN, {}, 0.90, ABOUT)

        # net 234.985 = held 200 - fee 5.015 + 5000 * (4.020 - 4.012) that nothing explains
        assert parts.rows["residual"].sum() == pytest.approx(40.0)
        assert artefact.body["missing_entries"] == [
            {"strategy": "A_SHARE", "session": "2024-11-05", "symbol": "510300.SH", "reason": "no mid for buy 5000"}
        ]
        # coverage 1 - 40 / (200 + 5.015 + 40)
        assert artefact.body["attribution"][0]["coverage"] == pytest.approx(0.836745, abs=1e-6)
        assert artefact.status == "FAIL"
        assert artefact.body["summary"]["fully_populated"] == 0

    def test_cash_that_no_fill_explains_is_a_residual_of_its_own(self):
        after = {**AFTER, "nav": 100_334.985}

        parts = fill_parts(pd.DataFrame([BEFORE, after]), fill(), BARS, Terms("A_SHARE"))
        row = pnl_attribution.build({"A_SHARE": parts}, KNOWN, {}, 0.5, ABOUT).body

        assert row["attribution"][0]["residual"] == pytest.approx(100.0)
        assert row["attribution"][0]["closes"] is True
        assert row["missing_entries"][0]["symbol"] == "ACCOUNT"

    def test_every_strategy_without_an_account_row_is_missing_and_blocks(self):
        artefact = pnl_attribution.build({}, {"A_SHARE": []}, {}, 0.9, ABOUT)

        assert artefact.status == "BLOCKED"
        assert artefact.body["summary"] == {
            "strategies": 1,
            "fully_populated": 0,
            "missing_entries": 5,
            "parse_errors": 0,
        }

    def test_tables_that_cannot_be_attributed_are_a_parse_error(self):
        with pytest.raises(BadInputError):
            fill_parts(
                pd.DataFrame([BEFORE, day_of("2024-11-05", 1.0, 0.0, 0.0)]), fill().iloc[:0], BARS.iloc[:1], Terms("A")
            )
        artefact = pnl_attribution.build({}, {"A_SHARE": list(SESSIONS)}, {"A_SHARE": "no mark"}, 0.9, ABOUT)

        assert (artefact.status, artefact.reason) == ("BLOCKED", "A_SHARE: no mark")
        assert artefact.body["summary"]["parse_errors"] == 1


def quote(at: str, last: float = np.nan, iopv: float = np.nan, symbol: str = "510300.SH", day: int = 8) -> dict:
    return {
        "date": pd.Timestamp(2024, 11, day),
        "symbol": symbol,
        "at": pd.Timestamp(f"2024-11-{day:02d} {at}", tz="UTC"),
        "last": last,
        "iopv": iopv,
    }


def frame(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(rows)


def live(quotes: pd.DataFrame, sessions: tuple[dt.date, ...] = (dt.date(2024, 11, 8),), **facts: object):
    about = About("2024-W45", sessions)
    return live_deviation_snapshot.build({"A_SHARE": Quoted(quotes, **facts)}, ConsistencyThresholds(), about)


class TestLiveDeviation:
    def test_deviation_is_market_less_model_over_model_in_basis_points(self):
        rows = aligned(frame(quote("03:00:00", 4.12, 4.00)), 60.0)

        assert rows["deviation_bps"].tolist() == pytest.approx([300.0])

    def test_the_newest_value_of_the_last_sixty_seconds_counts_and_an_older_or_later_one_does_not(self):
        quotes = frame(
            quote("03:00:00", iopv=4.00),
            quote("03:01:00", last=4.04),  # 60 s later: 100 bps
            quote("03:02:01", last=4.08),  # 121 s later: nothing to compare
            quote("03:03:00", last=4.20),
            quote("03:03:01", iopv=4.00),  # after the price
        )

        rows = aligned(quotes, 60.0)

        assert rows["deviation_bps"].tolist() == pytest.approx([100.0])

    def test_three_hundred_basis_points_are_an_alert_on_either_side(self):
        quotes = frame(
            quote("03:00:00", 4.12, 4.00), quote("03:01:00", 3.88, 4.00), quote("03:02:00", 4.1196, 4.00, "510500.SH")
        )

        artefact = live(quotes)

        counts = artefact.body["summary"]
        assert (counts["n_rows"], counts["n_alerts"]) == (3, 2)
        assert counts["max_abs_bps"] == pytest.approx(300.0)
        assert counts["mean_abs_bps"] == pytest.approx((300 + 300 + 299) / 3)
        assert artefact.status == "FAIL"
        assert len(artefact.body["alerts"]) == 1, "one line per fund and session, the worst"

    def test_a_price_at_the_threshold_itself_is_an_alert(self):
        assert live(frame(quote("03:00:00", 103.0, 100.0))).body["summary"]["n_alerts"] == 1

    def test_at_most_fifty_alerts_are_listed_the_largest_first(self):
        quotes = frame(*[quote("03:00:00", 4.2 + 0.001 * k, 4.0, f"{510_000 + k}.SH") for k in range(60)])

        body = live(quotes).body

        assert (len(body["alerts"]), body["summary"]["n_alerts"]) == (50, 60)
        assert body["alerts"][0]["symbol"] == "510059.SH"

    def test_without_quotes_nothing_passes(self):
        artefact = live(frame(quote("03:00:00")).iloc[:0])

        assert artefact.status == "BLOCKED"
        assert artefact.reason.startswith("pending_data")
        assert artefact.body["summary"]["max_abs_bps"] is None

    def test_a_source_without_quotes_by_declaration_is_named_and_neither_blocks_nor_passes(self):
        artefact = live(frame(quote("03:00:00")).iloc[:0], are_due=False)

        assert (artefact.status, artefact.body["pending"]) == ("WARN", [])
        assert artefact.reason == "not_applicable: the source has no quotes by its declaration for A_SHARE"
        assert [each["strategy"] for each in artefact.body["not_applicable"]] == ["A_SHARE"]

    def test_a_source_without_quotes_does_not_hide_one_that_lacks_its_own(self):
        nothing, about = frame(quote("03:00:00")).iloc[:0], About("2024-W45", (dt.date(2024, 11, 8),))
        quoted = {"A_SHARE": Quoted(nothing), "QDII": Quoted(nothing, are_due=False)}

        artefact = live_deviation_snapshot.build(quoted, ConsistencyThresholds(), about)

        assert artefact.status == "BLOCKED"
        assert [each["strategy"] for each in artefact.body["pending"]] == ["A_SHARE"]

    def test_prices_without_fair_values_are_pending(self):
        assert live(frame(quote("03:00:00", 4.1))).reason.startswith("pending_data")

    def test_a_session_without_a_pair_is_pending_beside_one_that_has_them(self):
        artefact = live(frame(quote("03:00:00", 4.0, 4.0)), SESSIONS[-2:])

        assert artefact.status == "BLOCKED"
        assert artefact.body["pending"] == [{"strategy": "A_SHARE", "session": "2024-11-07", "reason": "pending_data"}]

    def test_all_sessions_close_to_fair_value_pass(self):
        assert live(frame(quote("03:00:00", 4.01, 4.0))).status == "PASS"

    def test_the_heat_map_has_a_cell_per_group_and_size(self):
        quotes = frame(
            quote("03:00:00", 4.04, 4.0),
            quote("03:00:00", 4.08, 4.0, "510500.SH"),
            quote("03:00:00", 4.0, 4.0, "159915.SZ"),
        )
        groups = {"510300.SH": "broad", "510500.SH": "broad", "159915.SZ": "growth"}
        traded = {"510300.SH": 2e9, "510500.SH": 2e8, "159915.SZ": 5e6}

        cells = live(quotes, groups=groups, traded=traded).body["heat_map"]

        assert [(c["group"], c["size"], c["n_rows"]) for c in cells] == [
            ("broad", "100m and more", 2),
            ("growth", "below 10m", 1),
        ]
        assert cells[0]["max_abs_bps"] == pytest.approx(200.0)
        assert cells[0]["mean_abs_bps"] == pytest.approx(150.0)
