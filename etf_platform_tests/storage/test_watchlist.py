"""The watch list is changed one entry at a time, and nothing else of the file moves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from etf_platform.core.config.arbitrage import WatchedStock
from etf_platform.core.errors import ConfigError, StorageError
from etf_platform.core.workspace import packaged_config
from etf_platform.storage import watchlist

FILE = """# ours
my_stocks:
  # banks
  - {code: "600036", name: 招商银行, market: sh, notes: 银行}   # why

  # batteries
  - code: "300750"
    name: 宁德时代   # long name
    market: sz
  # liquor
  - {code: "600519", name: 贵州茅台, market: sh, alerts: false}
# funds
watch_etfs:
  - {code: "510300", name: 沪深300ETF}
# end
"""
NEW = WatchedStock(code="000001", name="平安银行", market="sz")


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "watchlist.yaml"
    path.write_bytes(FILE.encode())
    return path


def text(path: Path) -> str:
    return path.read_bytes().decode()


def codes(path: Path) -> list[str]:
    return [stock.code for stock in watchlist.read(path).my_stocks]


def test_a_stock_is_added_behind_the_last_one(path):
    assert watchlist.add(path, NEW) is True

    line = '  - {code: "000001", name: "平安银行", market: sz}\n'
    assert text(path) == FILE.replace("# funds", line + "# funds")
    assert watchlist.read(path).my_stocks[-1] == NEW


def test_a_stock_is_added_once(path):
    assert watchlist.add(path, NEW) and not watchlist.add(path, NEW)

    assert codes(path).count("000001") == 1


@pytest.mark.parametrize(
    ("code", "gone"),
    [
        ("600036", '  - {code: "600036", name: 招商银行, market: sh, notes: 银行}   # why\n'),
        ("300750", '  - code: "300750"\n    name: 宁德时代   # long name\n    market: sz\n'),
        ("600519", '  - {code: "600519", name: 贵州茅台, market: sh, alerts: false}\n'),
    ],
)
def test_a_removed_stock_takes_its_own_lines_and_no_comment_of_others(path, code, gone):
    assert watchlist.remove(path, code) is True

    assert text(path) == FILE.replace(gone, "")


def test_removing_what_is_not_there_changes_nothing(path):
    assert watchlist.remove(path, "000001") is False and watchlist.set_alerts(path, "000001", False) is False

    assert text(path) == FILE


@pytest.mark.parametrize(
    ("code", "on", "old", "new"),
    [
        ("600036", False, "notes: 银行}", "notes: 银行, alerts: false}"),
        ("300750", False, "    market: sz\n", "    market: sz\n    alerts: false\n"),
        ("600519", True, "alerts: false", "alerts: true"),
        ("600519", False, "", ""),
    ],
)
def test_a_switch_changes_one_word(path, code, on, old, new):
    assert watchlist.set_alerts(path, code, on) is True

    assert text(path) == FILE.replace(old, new)
    assert {s.code: s.alerts for s in watchlist.read(path).my_stocks}[code] is on


def test_the_list_can_be_emptied_and_filled_again(path):
    for code in codes(path):
        watchlist.remove(path, code)
    assert "my_stocks: []" in text(path) and "# liquor" in text(path)

    assert watchlist.add(path, NEW)
    assert codes(path) == ["000001"] and "# banks" in text(path)


@pytest.mark.parametrize(
    "before",
    [
        "",
        "watch_etfs: []",
        "my_stocks: []\n",
        'my_stocks: [{code: "600036", name: a, market: sh}]\n',
        'my_stocks:\n- {code: "600036", name: a, market: sh}',
        'my_stocks:\r\n  - {code: "600036", name: a, market: sh}\r\n',
    ],
)
def test_every_layout_takes_a_stock_and_gives_it_back(path, before):
    path.write_bytes(before.encode())
    known = codes(path)

    assert watchlist.add(path, NEW) and codes(path) == [*known, "000001"]
    assert watchlist.set_alerts(path, "000001", False) and watchlist.remove(path, "000001") and codes(path) == known
    assert "\n" not in text(path).replace("\r\n", "") or "\r" not in before


@pytest.mark.parametrize("name", ['"q" \\ {a}: #', "12:30", "007", "*ST 中安", "null", "<b>x</b>", "a\nb", "😀 \x85"])
def test_any_name_and_note_comes_back_as_it_was(path, name):
    stock = NEW.model_copy(update={"name": name, "notes": name})

    watchlist.add(path, stock)
    assert watchlist.read(path).my_stocks[-1] == stock


def test_a_file_that_is_no_watch_list_is_refused_and_stays(path):
    path.write_text("my_stocks:\n  - {code: 600036, name: a, market: sh}\n")

    with pytest.raises(ConfigError, match=r"my_stocks\.0\.code"):
        watchlist.add(path, NEW)
    assert path.read_text() == "my_stocks:\n  - {code: 600036, name: a, market: sh}\n"


def test_a_layout_that_cannot_be_edited_safely_is_left_alone(path):
    before = 'x: &s {code: "600036", name: a, market: sh}\nmy_stocks:\n  - *s\n'
    path.write_text(before)

    with pytest.raises((StorageError, ConfigError)):
        watchlist.remove(path, "600036")
    assert path.read_text() == before


def test_a_folder_that_cannot_be_written_gives_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match=r"changing .*watchlist\.yaml"):
        watchlist.add(tmp_path / "file" / "watchlist.yaml", NEW)


def test_no_file_is_an_empty_list(tmp_path):
    assert watchlist.read(tmp_path / "watchlist.yaml").my_stocks == ()


def test_many_that_add_at_once_lose_nothing(path):
    stocks = [NEW.model_copy(update={"code": f"{i:06}"}) for i in range(1, 31)]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda stock: watchlist.add(path, stock), stocks))
    assert sorted(codes(path)[3:]) == [stock.code for stock in stocks]


def test_the_shipped_list_survives_an_addition_and_its_removal(path):
    shipped = (packaged_config() / "watchlist.yaml").read_bytes()
    path.write_bytes(shipped)

    watchlist.add(path, NEW)
    watchlist.remove(path, NEW.code)
    assert path.read_bytes() == shipped
