"""Plots of scores: what is unavailable has no colour, and intervals stand where they belong."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from etf_platform.reports.plots import board, canvas
from etf_platform.reports.plots.scoring import FACTORS, UNKNOWN, factor_heat_map, reliability_diagram

MOST_BYTES = 60_000


def factors(source: str = "local") -> pd.DataFrame:
    rows = [
        {"asset": asset, "factor": name, "applicable": True, "available": True, "score": 10.0 * place + 20.0}
        for asset in ("HS300", "GOLD")
        for place, name in enumerate(FACTORS)
    ]
    frame = pd.DataFrame(rows).assign(source=source)
    frame.loc[frame["factor"] == "capital", ["available", "score"]] = [False, 50.0]
    frame.loc[(frame["asset"] == "GOLD") & (frame["factor"] == "valuation"), "applicable"] = False
    return frame


def evaluation() -> pd.DataFrame:
    told, came = np.linspace(0.35, 0.75, 10), np.linspace(0.45, 0.62, 10)
    rows = []
    for place, (p, q) in enumerate(zip(told, came, strict=True), start=1):
        ends = (q - 0.1, q + 0.1) if place > 1 else (None, None)
        rows += [("calibration", f"{place:02d}", q, *ends), ("predicted", f"{place:02d}", p, p - 0.01, p + 0.01)]
    rows.append(("skill", "", -0.012, -0.05, 0.02))
    frame = pd.DataFrame(rows, columns=["measure", "bin", "value", "low", "high"])
    return frame.assign(subject="probability", name="up_prob_20", horizon=20, n=500, n_effective=12, source="local")


def colours(png: bytes) -> set[tuple[int, int, int]]:
    image = Image.open(BytesIO(png)).convert("RGB")
    return {colour for count, colour in image.getcolors(1 << 24) if count > 400}


@pytest.fixture
def drawn(monkeypatch):
    """Boards as they are asked for."""
    asked = {}

    def draw(title, columns, rows, *rest, **more):
        asked.update(columns=list(columns), rows={label: list(cells) for label, cells in rows}, title=title)
        return board.draw_board(title, columns, rows, *rest, **more)

    monkeypatch.setattr("etf_platform.reports.plots.scoring.draw_board", draw)
    return asked


def test_unavailable_is_grey_whatever_its_number_and_not_applicable_is_blank(drawn):
    factor_heat_map(factors())

    assert drawn["columns"] == list(FACTORS)
    assert drawn["rows"]["HS300"][4] == UNKNOWN
    assert drawn["rows"]["GOLD"][2] is None
    assert [cell.text for cell in drawn["rows"]["HS300"][:4]] == ["20", "30", "40", "50"]


def test_assets_stand_by_their_total_and_those_without_one_come_last(drawn):
    totals = pd.DataFrame({"asset": ["HS300", "GOLD", "BTC"], "total_score": [np.nan, 71.4, np.nan]})

    factor_heat_map(factors(), totals)
    assert list(drawn["rows"]) == ["GOLD", "HS300"]
    assert drawn["rows"]["GOLD"][-1].text == "71" and drawn["rows"]["HS300"][-1].text == "n/a"


def test_high_is_red_low_is_blue_and_the_middle_neither(drawn):
    factor_heat_map(factors().assign(score=[0.0, 50.0, 100.0, 0.0, 0.0, 0.0] * 2))

    low, middle, high = (cell.fill for cell in drawn["rows"]["HS300"][:3])
    assert (low, middle, high) == ("#0072b2", "#f2f3f2", "#d55e00")


@pytest.mark.parametrize("png", [factor_heat_map(factors()), reliability_diagram(evaluation())])
def test_plots_are_small_pngs(png):
    assert png.startswith(b"\x89PNG") and len(png) < MOST_BYTES


def test_without_rows_the_plots_say_so():
    for png in (factor_heat_map(factors().head(0)), reliability_diagram(evaluation().head(0))):
        assert Image.open(BytesIO(png)).height < 300


def test_another_probability_is_not_drawn():
    assert Image.open(BytesIO(reliability_diagram(evaluation(), "up_prob_60"))).height < 300


def test_simulated_data_are_labelled():
    vermillion = tuple(bytes.fromhex(canvas.VERMILLION.removeprefix("#")))
    low = factors("sample (simulated)").assign(score=0.0)

    near = [
        c for c in colours(factor_heat_map(low)) if max(abs(a - b) for a, b in zip(c, vermillion, strict=True)) < 20
    ]
    assert near
