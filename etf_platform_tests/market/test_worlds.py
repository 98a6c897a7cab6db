"""A kept world is the simulated one, and is drawn again only when something that it depends on has changed."""

import pandas as pd
import pytest

from etf_platform.core.config.models import SampleSource
from etf_platform.core.errors import CalendarEndError
from etf_platform.market.sources import worlds
from etf_platform.market.sources.sample import simulate

SYMBOLS = ("510300.SH", "511010.SH", "QQQ.US")
SOURCE = SampleSource(kind="sample", start="2022-01-04", lead_sessions=30)


@pytest.fixture
def asked(config, xshg):
    return lambda end="2023-05-31", source=SOURCE: (
        source,
        "sample",
        SYMBOLS,
        config.instruments.instruments,
        xshg,
        end,
    )


def no_drawing(*_):
    raise AssertionError("drawn again")


def test_gives_the_simulated_rows_bit_for_bit_before_and_after_it_was_kept(tmp_path, asked):
    drawn = simulate(*asked())

    first, second = worlds.kept_world(tmp_path, *asked()), worlds.kept_world(tmp_path, *asked())

    pd.testing.assert_frame_equal(first, drawn, check_exact=True)
    pd.testing.assert_frame_equal(second, drawn, check_exact=True)
    assert second["date"].max() == pd.Timestamp("2023-05-31")


def test_other_days_of_the_year_draw_nothing(tmp_path, asked, monkeypatch):
    """And know nothing of the days after them."""
    worlds.kept_world(tmp_path, *asked("2023-01-04"))
    monkeypatch.setattr(worlds, "simulate", no_drawing)

    later = worlds.kept_world(tmp_path, *asked("2023-12-29"))

    pd.testing.assert_frame_equal(later, simulate(*asked("2023-12-29")), check_exact=True)
    assert worlds.kept_world(tmp_path, *asked("2023-01-04"))["date"].max() == pd.Timestamp("2023-01-04")


def test_another_seed_is_another_world(tmp_path, asked):
    other = SOURCE.model_copy(update={"seed": 7})
    worlds.kept_world(tmp_path, *asked())

    rows = worlds.kept_world(tmp_path, *asked(source=other))

    pd.testing.assert_frame_equal(rows, simulate(*asked(source=other)), check_exact=True)


def test_a_damaged_file_is_drawn_again(tmp_path, asked):
    worlds.kept_world(tmp_path, *asked())
    (file,) = tmp_path.glob("*.arrow")
    file.write_bytes(file.read_bytes()[:1000])

    rows = worlds.kept_world(tmp_path, *asked())

    pd.testing.assert_frame_equal(rows, simulate(*asked()), check_exact=True)
    assert file.stat().st_size > 1000


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path, asked):
    (tmp_path / "file").write_text("in the way")

    rows = worlds.kept_world(tmp_path / "file", *asked())

    pd.testing.assert_frame_equal(rows, simulate(*asked()), check_exact=True)


def test_an_end_beyond_the_calendar_is_refused_as_by_the_simulator(tmp_path, asked):
    with pytest.raises(CalendarEndError):
        worlds.kept_world(tmp_path, *asked("2099-01-04"))
