import base64
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from etf_platform.reports import plots
from etf_platform.reports.plots import canvas
from etf_platform.reports.plots.account import weights_by_day

SIMULATED, REAL = "sample: simulated, seed 1", "local"
LIMIT = 60_000


def equity(n: int, source: str = REAL) -> pd.DataFrame:
    days = pd.bdate_range("2015-01-05", periods=n)
    walk = np.random.default_rng(1).normal(4e-4, 0.012, n).cumsum()
    return pd.DataFrame({"date": days, "portfolio_value": 1e6 * np.exp(walk), "source": source})


def months(n: int, source: str = REAL) -> pd.DataFrame:
    names = pd.period_range("2015-01", periods=n, freq="M").astype(str)
    returns = np.random.default_rng(2).normal(0.01, 0.05, n)
    return pd.DataFrame(
        {"month": names, "part": "total", "contribution": returns, "is_complete": True, "source": source}
    )


def correlation(n: int, source: str = REAL) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    rows = [(f"FACTOR_{i}", f"FACTOR_{j}", draw.uniform(-1, 1)) for i in range(n) for j in range(i + 1, n)]
    return pd.DataFrame(rows, columns=["column_a", "column_b", "correlation"]).assign(source=source)


def quality(n: int, source: str = REAL) -> pd.DataFrame:
    draw = np.random.default_rng(4)
    rows = [(f"FACTOR_{i}", h, draw.normal(0, 0.03), draw.normal(0, 2)) for i in range(n) for h in (1, 5, 10, 20)]
    return pd.DataFrame(rows, columns=["column", "horizon", "mean_rank_ic", "t_stat"]).assign(source=source)


def positions(n: int, source: str = REAL) -> pd.DataFrame:
    days = pd.bdate_range("2020-01-02", periods=n)
    rows = [(day, f"51{(i // 21 + k) % 20:04d}.SH", 0.2) for i, day in enumerate(days) for k in range(5)]
    return pd.DataFrame(rows, columns=["date", "symbol", "weight"]).assign(source=source)


def summary(n: int, source: str = REAL) -> pd.DataFrame:
    names = [f"VBT_BOLLINGER_PERCENT_{i}" for i in range(n)]
    return pd.DataFrame(
        {"factor_id": names, "coverage": np.linspace(1, 0, n), "is_production": False, "source": source}
    )


def sweep(n: int, source: str = REAL) -> pd.DataFrame:
    rows = [(x, y, 0.01 * x * y) for x in range(n) for y in range(n)]
    return pd.DataFrame(rows, columns=["top_n", "window", "annual_return"]).assign(source=source)


def verdicts(n: int, source: str = REAL) -> pd.DataFrame:
    states = ["PASS", "WARN", "FAIL", "BLOCKED"]
    rows = [(pool, f"fuse_{i}", states[i % 4]) for pool in ("A_SHARE", "QDII", "portfolio") for i in range(n)]
    return pd.DataFrame(rows, columns=["universe", "fuse", "state"]).assign(source=source)


def draw_sweep(results: pd.DataFrame) -> bytes:
    return plots.sweep_heat_map(results, "top_n", "window", "annual_return")


EVERY = [
    pytest.param(plots.equity_and_drawdown, equity, 2500, id="equity"),
    pytest.param(plots.monthly_heat_map, months, 130, id="months"),
    pytest.param(plots.factor_correlation, correlation, 12, id="correlation"),
    pytest.param(plots.ic_by_horizon, quality, 30, id="ic"),
    pytest.param(plots.weights_over_time, positions, 1400, id="weights"),
    pytest.param(plots.coverage_by_factor, summary, 314, id="coverage"),
    pytest.param(draw_sweep, sweep, 12, id="sweep"),
    pytest.param(plots.fuse_board, verdicts, 20, id="fuses"),
]


def image_of(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def has_label(png: bytes) -> bool:
    """Whether the top right corner carries the colour of the simulated label."""
    image = image_of(png)
    corner = np.asarray(image.crop((image.width - 150, 0, image.width, 40)), dtype=int)
    label = np.array([int(canvas.VERMILLION[i : i + 2], 16) for i in (1, 3, 5)])
    return bool((np.abs(corner - label).sum(axis=2) < 30).sum() > 500)


@pytest.mark.parametrize(("draw", "make", "n"), EVERY)
def test_is_a_small_png_with_a_solid_light_background(draw, make, n):
    png = draw(make(n))

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png) < LIMIT
    assert min(image_of(png).getpixel((0, 0))) > 245


@pytest.mark.parametrize(("draw", "make", "n"), EVERY)
def test_labels_simulated_data_and_only_those(draw, make, n):
    few = 2 if make is correlation else 1

    assert has_label(draw(make(few, SIMULATED)))
    assert not has_label(draw(make(few, REAL)))


@pytest.mark.parametrize(("draw", "make", "n"), EVERY)
def test_no_rows_and_no_columns_give_a_plot_that_says_so(draw, make, n):
    assert draw(make(3).head(0)).startswith(b"\x89PNG")
    assert draw(pd.DataFrame()).startswith(b"\x89PNG")


@pytest.mark.parametrize(("draw", "make", "n"), EVERY)
def test_leaves_its_input_alone(draw, make, n):
    given = make(4)
    before = given.copy(deep=True)

    draw(given)

    pd.testing.assert_frame_equal(given, before)


def test_the_same_table_gives_the_same_bytes():
    assert plots.equity_and_drawdown(equity(50)) == plots.equity_and_drawdown(equity(50))


def test_figures_that_are_not_defined_do_not_stop_a_plot():
    undefined = quality(3).assign(t_stat=np.nan)
    blank = correlation(4).assign(correlation=np.nan)
    half = sweep(3)
    half.loc[::2, "annual_return"] = np.nan

    for png in (plots.ic_by_horizon(undefined), plots.factor_correlation(blank), draw_sweep(half)):
        assert png.startswith(b"\x89PNG")
    assert plots.ic_by_horizon(quality(3).assign(mean_rank_ic=np.nan)) == plots.ic_by_horizon(pd.DataFrame())


def test_a_month_of_cash_is_not_drawn_as_a_holding():
    days = pd.to_datetime(["2025-01-27", "2025-02-05", "2025-03-31"])
    held = pd.DataFrame({"date": days, "symbol": "510300.SH", "weight": [0.2, 0.3, 0.4]})

    weights = weights_by_day(held).loc["510300.SH"]

    assert weights.index.strftime("%m-%d").tolist() == ["01-27", "02-05", "02-06", "03-31"]
    assert weights.fillna(0.0).tolist() == [0.2, 0.3, 0.0, 0.4]


def test_a_flat_account_has_no_drawdown_and_still_a_plot():
    flat = equity(30).assign(portfolio_value=1e6)

    assert plots.equity_and_drawdown(flat).startswith(b"\x89PNG")


def test_markdown_image_carries_the_bytes_and_a_harmless_alternative_text():
    text = plots.as_markdown(b"\x89PNG-bytes", "A](javascript:x)\nB")

    alt, address = text.removeprefix("![").split("](data:image/png;base64,")
    assert "]" not in alt and "\n" not in alt
    assert base64.b64decode(address.removesuffix(")")) == b"\x89PNG-bytes"


def test_matplotlib_is_not_imported_with_the_package():
    import subprocess
    import sys

    code = "import sys, etf_platform.reports.plots, etf_platform.reports.daily; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
