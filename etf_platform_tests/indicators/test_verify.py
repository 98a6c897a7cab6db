"""Verification against other implementations: always one, never silently none."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from etf_platform.core.errors import MissingExtraError
from etf_platform.indicators import verify
from etf_platform.indicators.verify import VERIFIED, verify_against_talib


@pytest.fixture
def without_talib(monkeypatch):
    monkeypatch.setitem(sys.modules, "talib", None)


def test_every_column_agrees_with_the_plain_implementation(qqq, without_talib):
    found = verify_against_talib(qqq[-252:])

    assert found["indicator"].tolist() == list(VERIFIED)
    assert (found["reference"] == "plain").all()
    assert (found["state"] == "PASS").all()
    assert found["largest_difference"].max() < 1e-9
    assert dict(zip(found["indicator"], found["first_row"], strict=True))["adx_14"] == 27


def test_every_column_agrees_with_talib(qqq):
    pytest.importorskip("talib", reason="needs the extra `talib`")

    found = verify_against_talib(qqq[-400:])

    theirs = found[found["reference"] == "TA-Lib"]
    assert theirs["indicator"].tolist() == list(VERIFIED)
    assert (theirs["state"] == "PASS").all()
    assert theirs["largest_difference"].max() < 0.01


def test_a_missing_talib_is_told_by_the_name_of_the_extra(walk, without_talib):
    with pytest.raises(MissingExtraError, match=r"etf_platform\[talib\]"):
        verify_against_talib(walk(60), need_talib=True)


@pytest.fixture
def wrong_talib(monkeypatch):
    """A TA-Lib whose ADX is 0.2 points off, and which knows nothing else."""

    def silent(*inputs):
        return np.full(len(inputs[0]), np.nan)

    def adx(high, low, close, n):
        return verify.find_column("adx_14").values({"high": high, "low": low, "close": close}) + 0.2

    names = dict.fromkeys(("RSI", "PLUS_DI", "MINUS_DI", "ATR"), silent)
    fake = SimpleNamespace(**names, ADX=adx, MACD=lambda *inputs: (silent(*inputs),) * 3)
    monkeypatch.setitem(sys.modules, "talib", fake)


def test_a_difference_beyond_the_tolerance_fails_and_nothing_to_compare_blocks(walk, wrong_talib):
    found = verify_against_talib(walk(300))

    states = found[found["reference"] == "TA-Lib"].set_index("indicator")["state"]
    assert states["adx_14"] == "FAIL"
    assert (states.drop("adx_14") == "BLOCKED").all()


def test_fewer_rows_than_the_warm_up_are_blocked(walk, without_talib):
    found = verify_against_talib(walk(12)).set_index("indicator")

    assert found.loc["rsi_9", ["state", "rows"]].tolist() == ["PASS", 3]
    assert found.loc["adx_14", ["state", "rows"]].tolist() == ["BLOCKED", 0]
