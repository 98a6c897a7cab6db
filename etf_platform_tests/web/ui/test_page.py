"""The page in a real browser: what people do with it, on a screen, on a phone, with a keyboard alone."""

import pytest

from etf_platform.storage import tracker, watchlist
from etf_platform_tests.web.ui.driving import DOWN, ENTER, ESCAPE, LEFT, RIGHT, TAB, Person, eventually
from etf_platform_tests.web.ui.serving import TOKEN, served
from etf_platform_tests.web.ui.world import IMAGE, SCRIPT

pytestmark = pytest.mark.ui

PAGES = ("overview", "watch", "board", "signals", "exposure")
HOSTS = "[...new Set(performance.getEntriesByType('resource').map(e => new URL(e.name).origin))]"
HARM = (
    "[Boolean(window.harmed), document.querySelectorAll('#main img, dialog img, #main script, dialog script').length]"
)
NO_STREAM = """window.EventSource = class extends EventTarget {
  constructor() { super(); this.readyState = 2; setTimeout(() => this.dispatchEvent(new Event('error'))); }
  close() {} }; window.EventSource.CLOSED = 2"""


@pytest.mark.parametrize(("theme", "language", "tag"), [("light", "zh", "zh-CN"), ("dark", "en", "en")])
def test_every_page_draws_without_an_error_and_asks_no_other_host(person, site, theme, language, tag, pictures):
    for page in PAGES:
        person.visit(page, language, theme)
        person.until("!document.querySelector('#main .failure') && document.querySelector('#main table')")
        if page in ("overview", "board"):
            person.until("document.querySelectorAll('.plot .main-svg').length")
        person.browser.picture(pictures / f"{page}_{theme}_{language}.png")

        assert person.get(HOSTS) == [site.url]
        assert person.get("document.documentElement.lang") == tag
    assert person.complaints() == []


def test_names_that_are_markup_are_shown_as_they_are_and_never_run(person):
    for page in PAGES[1:]:
        person.visit(page)
        person.until("document.querySelector('#main tbody')")
        assert person.get(HARM) == [False, 0]
    person.click("Chart of " + IMAGE)
    person.until("document.querySelector('dialog .main-svg')")

    assert IMAGE in person.get("document.querySelector('dialog h2').textContent")
    assert person.get(HARM) == [False, 0]
    person.press(ESCAPE)
    person.visit("board")
    assert any(SCRIPT in row for row in person.rows())
    assert person.complaints() == []


def test_week_month_and_adjusted_really_ask_the_server(person, site):
    """The original's buttons never sent the period."""
    person.visit("watch")
    person.click("Chart of 贵州茅台")
    shown = "document.querySelector('dialog .plot').data[0].x.length"
    days = person.until(f"document.querySelector('dialog .main-svg') && {shown}")
    site.asked.clear()

    person.click("Week", "dialog")
    weeks = person.until(f"{shown} < {days} && {shown}")
    person.click("Month", "dialog")
    months = person.until(f"{shown} < {weeks} && {shown}")
    person.click("Adjusted", "dialog")
    person.until("document.querySelector('dialog [role=switch]').getAttribute('aria-checked') === 'true'")
    eventually(lambda: "adjust=qfq" in site.asked[-1])

    asked = [line.partition("?")[2] for line in site.asked if "/klines/600519.SH" in line]
    assert [line.split("&")[:2] for line in asked] == [
        ["period=week", "adjust=none"], ["period=month", "adjust=none"], ["period=month", "adjust=qfq"],
    ]  # fmt: skip
    assert (days, weeks, months) == (250, 70, 17)


def test_candles_have_the_promised_colours_averages_marks_and_premium(person):
    person.visit("exposure")
    person.click("exposed 512880.SH")
    person.until("document.querySelector('dialog .main-svg')")
    data = person.get(
        "document.querySelector('dialog .plot').data.map(d => "
        "[d.type, d.name, d.line?.color ?? null, d.increasing?.fillcolor ?? null, d.decreasing?.fillcolor ?? null])"
    )
    view = person.get("document.querySelector('dialog .plot').layout.xaxis.range")

    assert data[0] == ["candlestick", "", None, "#ef4444", "#10b981"]
    assert {d[1]: d[2] for d in data[1:4]} == {"MA5": "#f59e0b", "MA10": "#3b82f6", "MA20": "#8b5cf6"}
    assert [d[1] for d in data[4:]] == ["MA60", "Volume", "Limit-up", "Premium"]
    assert view == [124.5, 249.5]  # the last half of 250


def test_search_thins_the_table_and_finds_any_stock_to_watch(person, site):
    person.visit("board")
    everybody = len(person.rows())
    person.press("/")
    person.press(*"601688")
    person.until("document.querySelectorAll('#main tbody tr').length === 1")
    person.until("document.querySelectorAll('#found [role=option]').length === 1")
    person.press(DOWN, ENTER)
    person.until("document.querySelector('dialog .main-svg')")
    heading = person.get("document.querySelector('dialog h2').textContent")
    person.press(ESCAPE)
    person.until("!document.querySelector('dialog')")
    person.press(ESCAPE, ESCAPE)

    assert heading == "华泰证券 601688.SH"
    assert person.until(f"document.querySelectorAll('#main tbody tr').length === {everybody}")


def test_columns_sort_both_ways_and_unknown_values_stand_last(person):
    person.visit("watch")
    column = "[...document.querySelectorAll('#main tbody td:nth-child(2)')].map(n => n.textContent)"
    person.click("Price ¥", "#main")
    down = person.get(column)
    person.click("Price ¥▼", "#main")
    up = person.get(column)

    known = [float(text.replace(",", "")) for text in down[:-1]]
    assert known == sorted(known, reverse=True) and down[-1] == "—"
    assert up == [*down[-2::-1], "—"]


def test_a_stock_is_added_from_the_limit_up_table_and_taken_off_again(person, site):
    person.visit("board")
    person.click("Add 华泰证券 to the watch list")
    person.until("document.querySelector('#toasts').textContent.includes('华泰证券')")
    added = [stock.code for stock in watchlist.read(site.services.watchlist).my_stocks]
    person.click("Watch list", "#top")
    person.click("Remove 华泰证券 from the watch list")
    person.until("!document.querySelector('#main tbody').textContent.includes('华泰证券')")

    assert "601688" in added
    assert "601688" not in [stock.code for stock in watchlist.read(site.services.watchlist).my_stocks]


def test_a_name_that_is_markup_goes_to_the_watch_list_and_comes_back_as_text(person, site):
    person.visit("board")
    person.click(f"Add {IMAGE} to the watch list")
    person.click("Watch list", "#top")
    person.until("document.querySelector('#main tbody')?.textContent.includes('onerror')")

    assert person.get(HARM) == [False, 0]
    person.click(f"Remove {IMAGE} from the watch list")
    eventually(lambda: "603259" not in [s.code for s in watchlist.read(site.services.watchlist).my_stocks])


def test_related_funds_lead_to_holdings_with_the_stock_highlighted(person):
    person.visit("watch")
    person.enter("ETFs that hold 中信证券")
    person.until("document.querySelector('dialog tbody .bar')")
    person.enter("holder stocks 512880.SH", "dialog")
    person.until("document.querySelector('dialog tr.current')")

    assert "600030.SH" in person.get("document.querySelector('dialog tr.current').textContent")
    person.press(ESCAPE)
    person.until("document.querySelectorAll('dialog').length === 1")


def test_dark_is_chosen_with_one_button_and_remembered(person):
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    person.visit("overview", theme="light")
    light = person.get(ground)
    person.click("Theme: Light")
    dark = person.get(ground)
    person.run("location.reload()")
    person.until("document.querySelector('.status button')")

    assert (light, dark) == ("rgb(243, 245, 248)", "rgb(11, 16, 23)")
    assert person.get(ground) == dark


def test_the_language_changes_at_once_and_words_that_are_data_stay(person):
    person.visit("signals", language="en")
    person.click("Switch to Chinese")

    assert person.until("document.querySelector('[role=tab][aria-selected=true]').textContent") == "信号"
    assert person.get("document.querySelector('#main thead').textContent").startswith("时间")
    person.click("切换为英文")
    words = person.get("[...document.querySelectorAll('#main tbody .badge')].map(n => n.textContent)")
    assert {"高", "中", "低"} <= set(words)


def test_a_phone_never_scrolls_the_page_sideways(person, pictures):
    wide = "document.documentElement.scrollWidth"
    person.resize(390, 844)
    try:
        for page in PAGES:
            person.visit(page)
            person.until("document.querySelector('#main table')")
            person.browser.picture(pictures / f"phone_{page}.png")
            assert person.get(wide) == 390, page
        person.click("exposed 512880.SH")
        person.until("document.querySelector('dialog .main-svg')")
        person.browser.picture(pictures / "phone_chart.png")
        box = person.get("Object.values(document.querySelector('dialog').getBoundingClientRect().toJSON()).slice(0, 4)")
        assert box == [0, 0, 390, 844]
        assert person.get("document.querySelector('dialog .plot .main-svg').getBoundingClientRect().width") <= 390
    finally:
        person.resize(0, 0)


def test_the_keyboard_alone_gets_from_the_skip_link_to_a_chart_and_back(person):
    person.visit("overview")
    person.press(TAB)
    assert person.focused() == "Skip to content"
    person.press(TAB)
    assert person.focused() == "Overview"
    person.press(RIGHT)
    person.until("location.hash === '#watch' && document.querySelector('#main tbody')")
    assert person.focused() == "Watch list"
    while person.focused() != "Chart of 贵州茅台":
        person.press(TAB)
    person.press(DOWN)
    assert person.focused() == "Chart of 宁德时代"
    assert person.get("document.activeElement.matches(':focus-visible')")
    person.press(ENTER)
    person.until("document.querySelector('dialog .main-svg')")

    inside = []
    for _ in range(12):
        person.press(TAB)
        inside.append(person.get("document.querySelector('dialog').contains(document.activeElement)"))
    assert all(inside)
    person.press(ESCAPE)
    person.until("!document.querySelector('dialog')")
    assert person.focused() == "Chart of 宁德时代"


def test_arrow_keys_read_the_candles_one_by_one(person):
    person.visit("watch")
    person.click("Chart of 贵州茅台")
    person.until("document.querySelector('dialog .main-svg')")
    person.run("document.querySelector('dialog .plot').focus()")
    day = "document.querySelector('.readout b').textContent"
    last = person.get(day)
    person.press(LEFT)

    assert last == "2024-09-30"
    assert person.get(day) == "2024-09-27"
    assert "2024-09-30" in person.get("document.querySelector('dialog .plot').getAttribute('aria-label')")


def test_a_new_signal_is_told_at_once_without_asking_again(person, site):
    person.visit("overview")
    person.until("document.querySelector('.status').textContent.includes('Live')")
    signal_id = site.raise_signal("601899.SH", "510300.SH")
    person.until("document.querySelector('#toasts').textContent.includes('紫金矿业')", 8)
    person.click("Show", "#toasts")

    assert signal_id in person.until("document.querySelector('dialog')?.textContent")
    assert person.get("document.querySelector('#tab-signals .dot-count').textContent") == "1"


def test_without_a_stream_the_stocks_are_asked_for_every_five_seconds(site, window):
    made = Person(window, site.url)
    script = made.developer("Page.addScriptToEvaluateOnNewDocument", source=NO_STREAM)["identifier"]
    try:
        made.visit("board")
        made.until("document.querySelector('.status').textContent.includes('Polling')")
        site.asked.clear()
        eventually(lambda: sum("/api/v2/board?" in line for line in site.asked) >= 1, 8)
        assert not any("/api/v2/events" in line for line in site.asked)
    finally:
        made.developer("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


def test_the_monitor_is_stopped_started_and_asked_to_scan(person, site):
    person.visit("watch")
    person.click("Stop: Monitor")
    person.click("Start: Monitor")
    person.click("Scan now")
    person.until("document.querySelector('#toasts').textContent.includes('scan asked for')")

    assert site.services.actions.scans >= 1
    assert tracker.monitor(site.services.ops)["wanted"] == "running"


def test_a_chart_that_is_not_there_says_so_in_the_servers_words(person):
    person.visit("overview")
    person.press("/")
    person.press(*"510500")
    person.until("document.querySelectorAll('#found [role=option]').length === 1")
    person.run("const ask = window.fetch; window.fetch = (p, h) => ask(String(p).replace('510500', '588999'), h)")
    person.press(ENTER)

    assert "无法获取K线数据" in person.until("document.querySelector('dialog .failure')?.textContent")


def test_simulated_data_are_said_to_be_so(person):
    person.visit("watch", language="zh")

    assert "SIMULATED DATA" in person.until("!banner.hidden && banner.textContent")


def test_a_server_that_wants_a_token_gets_it_once_and_it_is_kept_for_the_tab_only(tmp_path, window):
    with served(tmp_path, empty=True, wants_token=True) as strict:
        person = Person(window, strict.url)
        person.visit("watch")
        person.click("Scan now")
        person.until("document.querySelector('dialog #token')")
        person.press(*TOKEN, ENTER)
        eventually(lambda: strict.services.actions.scans == 1)
        person.click("Scan now")
        eventually(lambda: strict.services.actions.scans == 2)

        assert person.get("sessionStorage.getItem('token')") == TOKEN
        assert TOKEN not in person.get("JSON.stringify(localStorage)")
        assert not person.get("Boolean(document.querySelector('dialog'))")


def test_an_empty_home_says_on_every_page_what_to_do(tmp_path, window):
    with served(tmp_path, empty=True) as bare:
        person = Person(window, bare.url)
        said = {}
        for page in PAGES:
            person.visit(page)
            said[page] = person.until("document.querySelector('#main').innerText")

        assert "No account yet: run etf-platform run" in said["overview"]
        assert "No limit-up data yet: press “Scan now”" in said["board"]
        assert "No signals yet: start the monitor" in said["signals"]
        assert "etf-platform arb init" in said["exposure"]
        assert "—" in said["watch"] and "0.00" not in said["watch"]
