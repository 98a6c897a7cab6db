"""Bad US files: each defect ends in one sentence that names it, and never in a made-up bar."""

import shutil

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.load import check_config
from etf_platform.core.errors import BadInputError, ConfigError, SourceError
from etf_platform.core.states import State
from etf_platform.core.workspace import packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.market.fetch import Feed, load_bars
from etf_platform.market.freshness import quality_state

XNYS = sessions("XNYS")
END = "2024-03-15"


@pytest.fixture
def us(tmp_path, config):
    """Loads a file of twenty good sessions of QQQ that end on 2024-03-15, after a change; or the VIX beside it."""
    (tmp_path / "us").mkdir()

    def load(change=lambda rows: rows, symbol="QQQ.US", source="us_total_return"):
        days = XNYS.between("2024-02-16", END)
        close = 440.0 + np.arange(days.size)
        rows = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "open": close, "high": close + 1.0, "low": close - 1.0,
                             "close": close, "volume": 1e7}).astype({"close": object})  # fmt: skip
        change(rows).to_csv(tmp_path / "us" / "QQQ_total_return_adjusted.csv", index=False)
        feed = Feed(source, config.sources.sources[source], tmp_path, XNYS, config.instruments.instruments)
        return load_bars(feed, (symbol,), "2024-02-16", END)

    return load


def _set(row, column, value):
    def change(rows):
        rows.loc[row, column] = value
        return rows

    return change


def test_a_good_file_is_accepted_whole(us):
    assert len(us().bars) == 20
    assert us().quarantine.empty


def test_a_missing_vix_file_is_named(us):
    with pytest.raises(SourceError, match=r"source us_vix: no file matches .*us/VIX_daily\.csv; put"):
        us(symbol="^VIX", source="us_vix")


def test_a_gap_in_the_last_closes_blocks(us):
    bars = us(lambda rows: rows.drop(index=18)).bars

    found = quality_state(bars, XNYS, END)

    assert (found.state, found.reason) == (State.BLOCKED, "2024-03-14 of the last 3 sessions has no close")


def test_duplicate_dates_that_disagree_are_all_refused(us):
    loaded = us(lambda rows: pd.concat([rows, rows.iloc[[5]].assign(close=1.0 + rows["close"].iloc[5])]))

    assert loaded.quarantine["rule"].tolist() == ["duplicate", "duplicate"]
    assert len(loaded.bars) == 19


def test_constant_prices_are_bars_that_say_nothing(us):
    """A price that stands still is no defect of a row; whoever computes on it must say that nothing is defined."""
    loaded = us(lambda rows: rows.assign(open=5.0, high=5.0, low=5.0, close=5.0))

    assert len(loaded.bars) == 20 and loaded.quarantine.empty


def test_a_nan_close_is_refused_by_name(us):
    refused = us(_set(4, "close", np.nan)).quarantine

    assert refused[["rule", "reason"]].to_numpy().tolist() == [["missing_value", "no value in close"]]


def test_text_in_a_number_is_refused_by_name(us):
    refused = us(_set(4, "close", "halted")).quarantine

    assert refused[["rule", "reason"]].to_numpy().tolist() == [["non_numeric", "no number in close"]]


def test_a_fund_without_volume_is_still_refused(us):
    assert us(_set(4, "volume", 0.0)).quarantine["rule"].tolist() == ["zero_volume"]


def test_a_move_beyond_the_plausible_one_is_refused(us):
    """Nothing limits QQQ by rule; half its value within a day is a data error."""
    loaded = us(lambda rows: rows.assign(**{c: rows[c].astype(float).where(rows.index != 10, 100.0) for c in
                                            ("open", "high", "low", "close")}))  # fmt: skip

    refused = loaded.quarantine.set_index("rule")["reason"]
    assert list(refused.index) == ["implausible_move", "implausible_move"]
    assert "0.5000 is plausible" in refused.iloc[0]


def test_an_unknown_symbol_is_named(us, config):
    with pytest.raises(SourceError, match="no file matches"):
        us(symbol="NONE.US")
    simulated = Feed("sample", config.sources.sources["sample"], None, XNYS, config.instruments.instruments)
    with pytest.raises(BadInputError, match=r"no facts of NONE\.US"):
        load_bars(simulated, ("NONE.US",), "2024-02-16", END)


def test_an_unknown_universe_is_named(config):
    assert config.members("US") == ("QQQ.US", "SPY.US", "GLD.US", "^NDX", "^VIX")
    assert "US" not in config.pools
    with pytest.raises(ConfigError, match="there is no 'MOON'"):
        config.members("MOON")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "[QQQ.US, SPY.US, GLD.US, ^NDX, ^VIX]",
            "[QQQ.US, SPY.US, GLD.US, ^NDX, ^VIX, IWM.US]",
            "IWM.US is not in instr",
        ),
        ("source: us_total_return", "source: us_nothing", "'us_nothing' is no source of recorded data"),
        ("source: us_total_return", "source: sample", "'sample' is no source of recorded data"),
        ("  US:", "  OTHER:", "a pool or the portfolio has this name already"),
        ("traded: [QQQ.US", "traded: [TQQQ.US, QQQ.US", "TQQQ.US is no member"),
        ('history_start: "1985-10-01"', "history_start: [1]", "universes.US.history_start"),
    ],
)
def test_wrong_universes_are_reported_with_their_place(tmp_path, old, new, complaint):
    shutil.copytree(packaged_config(), tmp_path / "configs")
    file = tmp_path / "configs" / "universes.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")

    _, problems = check_config(tmp_path / "configs")

    assert len(problems) == 1
    assert problems[0].startswith("universes.yaml:") and complaint in problems[0]
