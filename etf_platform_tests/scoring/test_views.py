"""Views out of stored tables: nothing of later days, nothing invented, and a reason for all that is missing."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config import load_config
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import ASSET_SERIES, ASSET_STATES
from etf_platform.core.workspace import packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.market.sources.sample_assets import simulate_assets, simulate_series
from etf_platform.scoring.assembly import views_of
from etf_platform.scoring.histories import adjusted

CONFIG = load_config(packaged_config())
SETTINGS = CONFIG.scoring
KEYS = ("GOLD", "BTC", "NASDAQ", "HKTECH", "HS300", "HK_BIOTECH", "CN_BANK", "BABA_HK")
CALENDARS = {name: sessions(name).index for name in ("XSHG", "XHKG", "XNYS", "24/7")}
END = "2024-09-30"
DAYS = sessions("XSHG").between("2024-07-25", END)
DAY = date(2024, 9, 27)


def symbol(key):
    return SETTINGS.assets[key].symbol


@pytest.fixture(scope="module")
def bars():
    source = CONFIG.sources.sources["sample"].model_copy(update={"start": "2022-01-04"})
    wanted = {key: SETTINGS.assets[key] for key in KEYS}
    return simulate_assets(source, "sample", wanted, sessions, END)


@pytest.fixture(scope="module")
def series():
    source = CONFIG.sources.sources["sample"].model_copy(update={"start": "2022-01-04"})
    return simulate_series(source, "sample", sessions, END)


@pytest.fixture(scope="module")
def found(bars, series):
    return views_of(bars, series, SETTINGS, DAYS, CALENDARS, KEYS)


def on(found, key, day=DAY):
    return next(view for view in found.on(day) if view.key == key)


def view(bars, series, key, day=DAY, settings=SETTINGS):
    return on(views_of(bars, series, settings, pd.DatetimeIndex([pd.Timestamp(day)]), CALENDARS, [key]), key, day)


def state(found, key, name, day=DAY):
    rows = found.states
    chosen = rows[(rows["date"] == pd.Timestamp(day)) & (rows["asset"] == key) & (rows["input"] == name)]
    return tuple(chosen[["state", "reason"]].iloc[0])


def test_each_asset_sees_the_newest_bar_that_could_be_known(found):
    seen = {
        key: str(on(found, key, date(2024, 9, 30)).data_date) for key in ("HS300", "HKTECH", "NASDAQ", "GOLD", "BTC")
    }

    assert seen == {
        "HS300": "2024-09-30",
        "HKTECH": "2024-09-30",
        "NASDAQ": "2024-09-27",
        "GOLD": "2024-09-27",
        "BTC": "2024-09-29",
    }


def test_close_and_change_are_those_of_that_bar(found, bars):
    rows = bars[bars["symbol"] == symbol("NASDAQ")].set_index("date")["close"]

    seen = on(found, "NASDAQ")
    assert (seen.data_date, seen.close) == (date(2024, 9, 26), rows.loc["2024-09-26"])
    assert seen.change == pytest.approx(rows.loc["2024-09-26"] / rows.loc["2024-09-25"] - 1.0, abs=1e-12)


def test_later_rows_change_nothing(found, bars, series):
    cut = views_of(
        bars[bars["date"] <= "2024-08-20"], series[series["date"] <= "2024-08-20"], SETTINGS, DAYS[:19], CALENDARS, KEYS
    )

    for day in (stamp.date() for stamp in DAYS[:19]):
        assert cut.on(day) == found.on(day)
    assert cut.states.equals(found.states[found.states["date"] <= DAYS[18]].reset_index(drop=True))


def test_a_day_alone_is_the_day_in_a_backfill(found, bars, series):
    alone = views_of(bars, series, SETTINGS, DAYS[-2:-1], CALENDARS, KEYS)

    assert alone.on(DAY) == found.on(DAY)
    assert alone.states.equals(found.states[found.states["date"] == DAYS[-2]].reset_index(drop=True))


def test_rows_of_the_day_itself_that_new_york_had_not_closed_are_not_seen(found, bars, series):
    changed = bars.copy()
    tonight = (changed["date"] == pd.Timestamp(DAY)) & changed["symbol"].isin([symbol("NASDAQ"), symbol("BTC")])
    changed.loc[tonight, ["open", "high", "low", "close"]] *= 3.0
    vix = (series["name"] == "vix") & (series["date"] == pd.Timestamp(DAY))
    assert tonight.sum() == 2 and vix.sum() == 1

    for key in ("NASDAQ", "BTC", "GOLD", "HS300"):
        assert view(changed, series.assign(value=series["value"].where(~vix, 99.0)), key) == on(found, key)


def test_an_asset_without_recorded_bars_is_blocked_and_says_so(bars, series):
    seen = views_of(bars[bars["symbol"] != "BTC-USD"], series, SETTINGS, DAYS[-2:-1], CALENDARS, ["BTC"])

    btc = seen.on(DAY)[0]
    assert (btc.data_date, btc.close, btc.technical, btc.volume, dict(btc.probabilities)) == (
        None,
        None,
        None,
        None,
        {},
    )
    assert btc.reasons["bars"] == "没有收录BTC-USD的行情"
    assert state(seen, "BTC", "bars") == ("BLOCKED", "没有收录BTC-USD的行情")
    assert seen.states.loc[seen.states["input"] == "bars", ["as_of", "age"]].isna().to_numpy().all()


def test_an_asset_that_is_not_listed_yet_is_told_without_a_glance_at_its_first_day(bars, series):
    late = bars[(bars["symbol"] != symbol("CN_BANK")) | (bars["date"] >= "2024-09-30")]

    assert view(late, series, "CN_BANK").reasons["bars"] == "截至2024-09-27没有512800.SH的行情"


def test_what_is_said_of_missing_inputs_does_not_depend_on_later_rows(bars, series):
    late, flows = bars[bars["date"] >= "2024-09-30"], series[series["date"] >= "2024-09-30"]
    none, nothing = late.iloc[:0], flows.iloc[:0]

    before, alone = (views_of(*given, SETTINGS, DAYS[-2:-1], CALENDARS) for given in ((late, flows), (none, nothing)))
    assert before.on(DAY) == alone.on(DAY)
    assert before.states.equals(alone.states)
    assert state(alone, "BTC", "bars")[1] == "没有收录BTC-USD的行情"
    assert state(alone, "HS300", "pe")[1] == "截至2024-09-27没有PE数据"


def test_bars_of_five_sessions_ago_are_used_and_older_ones_are_not(bars, series):
    short = bars[(bars["symbol"] != symbol("CN_BANK")) | (bars["date"] <= "2024-09-19")]

    fresh, stale = view(short, series, "CN_BANK", date(2024, 9, 26)), view(short, series, "CN_BANK")
    assert (fresh.bars_age, fresh.technical is not None, "bars" in fresh.reasons) == (5, True, False)
    assert (stale.bars_age, stale.technical, stale.up_prob) == (6, None, None)
    assert stale.reasons["bars"] == "行情止于2024-09-19，已过6个交易日"
    assert stale.close == fresh.close  # shown with its date, not scored


def test_northbound_flow_speaks_until_it_ended_and_margin_balances_from_then_on(found):
    before, after = date(2024, 8, 16), date(2024, 8, 19)

    assert (on(found, "HS300", before).flows.kind, on(found, "HS300", after).flows.kind) == ("northbound", "margin")
    assert state(found, "HS300", "northbound_net", before) == ("PASS", "")
    words = "北向资金净流入已停止发布，最后日期2024-08-16; 以融资余额代替"
    assert state(found, "HS300", "northbound_net", after) == ("WARN", words)


def test_margin_balances_are_those_of_the_session_before(found):
    seen = on(found, "HS300", date(2024, 9, 30)).flows

    assert (seen.as_of, seen.age) == (date(2024, 9, 27), 1)


def test_without_margin_balances_nothing_stands_in_and_both_are_named(bars, series):
    seen = view(bars, series[series["name"] != "margin_balance"], "HS300")

    assert (seen.flows, seen.margin_sentiment) == (None, None)
    words = "北向资金净流入已停止发布，最后日期2024-08-16; 截至2024-09-27没有融资余额数据"
    assert seen.reasons["capital"] == words
    assert seen.reasons["margin"] == "截至2024-09-27没有融资余额数据"


def test_a_hong_kong_asset_listed_in_shanghai_has_southbound_flow_and_a_hong_kong_panic_index(found, bars, series):
    seen = on(found, "HK_BIOTECH")
    without = view(bars, series[series["name"] != "vhsi"], "HK_BIOTECH")

    assert (seen.flows.kind, seen.panic.name, without.panic.name) == ("southbound", "VHSI", "HKVI")
    assert seen.margin_sentiment is None


def test_a_panic_index_that_another_one_stands_in_for_is_a_warning(bars, series):
    seen = views_of(bars, series[series["name"] != "vhsi"], SETTINGS, DAYS[-2:-1], CALENDARS, ["HKTECH"])

    assert state(seen, "HKTECH", "VHSI") == ("WARN", "没有收录VHSI数据; 以HKVI代替")
    assert state(seen, "HKTECH", "HKVI") == ("PASS", "")


def test_a_fear_index_that_is_published_late_is_taken_as_it_was_known(bars, series):
    tonight = (series["name"] == "vhsi") & (series["date"] == pd.Timestamp(DAY))
    late = series.copy()
    is_vhsi = late["name"] == "vhsi"
    late.loc[is_vhsi, "published_at"] = late.loc[is_vhsi, "published_at"].shift(-1)
    late = late.dropna(subset="published_at")

    seen, panicked = (
        on(
            views_of(bars, late.assign(value=late["value"].where(~tonight, x)), SETTINGS, DAYS[-2:], CALENDARS),
            "HKTECH",
        )
        for x in (15.0, 90.0)
    )
    assert seen.panic.as_of == date(2024, 9, 26)
    assert seen == panicked


def test_an_index_of_fear_needs_the_bars_of_its_market(bars, series):
    seen = view(bars[bars["symbol"] != symbol("HS300")], series, "CN_BANK")

    assert (seen.panic, seen.sentiment_score) == (None, None)
    assert seen.reasons["panic"] == "CNVI需要沪深300: 截至2024-09-27没有000300.SH的行情"
    assert seen.reasons["sentiment"] == "A股情绪评分需要沪深300: 截至2024-09-27没有000300.SH的行情"


def test_valuation_is_about_one_index_and_others_say_that_there_is_none(found):
    assert on(found, "HS300").valuation.pe_percentile is not None
    assert on(found, "CN_BANK").valuation is None
    assert on(found, "CN_BANK").reasons["valuation"] == "没有收录512800.SH的PE数据; 没有收录512800.SH的PB数据"


def test_the_percentile_of_pe_is_the_share_of_published_values_below(found, series):
    pe = series[(series["name"] == "pe") & (series["date"] <= "2024-09-27")]["value"].to_numpy()

    below = sum(1 for x in pe if x < pe[-1]) + 0.5 * sum(1 for x in pe if x == pe[-1])
    assert on(found, "HS300").valuation.pe_percentile == pytest.approx(below / len(pe), abs=1e-12)


def test_valuation_may_be_ten_sessions_old(bars, series):
    def last_pe(day):
        return series[~(series["name"].isin(["pe", "pb"]) & (series["date"] > day))]

    fresh, stale = (view(bars, last_pe(day), "HS300") for day in ("2024-09-11", "2024-09-10"))
    assert (fresh.valuation.age, stale.valuation) == (10, None)
    assert stale.reasons["valuation"] == ("PE最新日期2024-09-10，已过11个交易日; PB最新日期2024-09-10，已过11个交易日")


def test_inputs_that_no_factor_of_an_asset_uses_are_neither_read_nor_told(found):
    rows = found.states[found.states["date"] == pd.Timestamp(DAY)]
    told = {key: set(part["input"]) for key, part in rows.groupby("asset")}

    assert told["GOLD"] == {"bars", "VIX", "sentiment GLOBAL"}
    assert told["HS300"] == {"bars", "pe", "pb", "northbound_net", "margin_balance", "CNVI", "sentiment CN"}
    assert (on(found, "GOLD").flows, on(found, "GOLD").valuation) == (None, None)
    assert not on(found, "GOLD").reasons


def test_states_fit_their_table_and_every_missing_input_has_a_reason(found):
    assert ASSET_STATES.conform(found.states).num_rows == len(found.states)
    assert ((found.states["reason"] == "") == (found.states["state"] == "PASS")).all()


def test_sources_are_labelled_through_to_the_view(found):
    assert {view.source for view in found.on(DAY)} == {"sample (simulated)"}


def test_a_split_moves_neither_indicators_nor_volume_and_levels_are_those_of_the_day(bars, series):
    split = bars.copy()
    late = (split["symbol"] == symbol("CN_BANK")) & (split["date"] >= "2024-09-25")
    split.loc[late, ["open", "high", "low", "close", "prev_close"]] /= 2.0
    split.loc[late, ["volume", "adj_factor"]] *= 2.0

    whole, halved = view(bars, series, "CN_BANK"), view(split, series, "CN_BANK")
    assert halved.close == whole.close / 2.0
    assert halved.change == pytest.approx(whole.change, abs=1e-12)
    assert halved.technical.rsi == pytest.approx(whole.technical.rsi, abs=1e-9)
    assert halved.technical.ma60 == pytest.approx(whole.technical.ma60 / 2.0, abs=1e-12)
    assert halved.volume.volume_ratio == pytest.approx(whole.volume.volume_ratio, abs=1e-12)
    assert halved.volume.resistance == pytest.approx(whole.volume.resistance / 2.0, abs=1e-12)
    assert halved.up_prob == whole.up_prob or halved.up_prob.up_prob == pytest.approx(whole.up_prob.up_prob)


def test_adjusted_prices_leave_amount_alone():
    rows = pd.DataFrame(
        {"date": pd.to_datetime(["2024-01-02"]), "adj_factor": [2.0], "volume": [10.0], "amount": [7.0]}
    )
    rows = rows.assign(open=1.0, high=3.0, low=0.5, close=2.0)

    assert adjusted(rows).iloc[0].to_dict() == {
        "open": 2.0,
        "high": 6.0,
        "low": 1.0,
        "close": 4.0,
        "volume": 5.0,
        "amount": 7.0,
    }


def test_without_any_series_or_bar_every_view_is_there_and_says_why(bars):
    seen = views_of(bars.iloc[:0], ASSET_SERIES.no_rows(), SETTINGS, DAYS[-2:-1], CALENDARS)

    assert len(seen.on(DAY)) == 29
    assert set(seen.states["state"]) == {"BLOCKED"}
    assert all({"bars", "panic", "sentiment"} <= set(view.reasons) for view in seen.on(DAY))


def test_bad_input_is_refused_by_name(bars, series):
    cases = {
        "no asset NONSENSE": {"keys": ["NONSENSE"]},
        "bars without close": {"bars": bars.drop(columns="close")},
        "series without published_at": {"series": series.drop(columns="published_at")},
        "no sessions of XNYS": {"calendars": {k: v for k, v in CALENDARS.items() if k != "XNYS"}},
        "no rising sessions": {"days": pd.DatetimeIndex(["2024-09-28"])},
    }
    given = {"bars": bars, "series": series, "settings": SETTINGS, "days": DAYS, "calendars": CALENDARS}
    for words, change in cases.items():
        with pytest.raises(BadInputError, match=words):
            views_of(**(given | change))


def test_figures_are_finite_or_unknown(found):
    for seen in found.on(DAY):
        numbers = [seen.close, seen.change, seen.sentiment_score, *(vars(seen.technical).values())]
        assert all(np.isfinite(x) for x in numbers if isinstance(x, float))
