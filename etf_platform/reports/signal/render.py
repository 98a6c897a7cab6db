"""Markdown and HTML of the signal report: the text report's lines, evidence beside them, plots in the HTML.

Not here: the words of the report (`wording`) and the limits (`targets`).
"""

import jinja2
import pandas as pd

from etf_platform.reports.daily.layout import Plot, Section, grid_of
from etf_platform.reports.daily.render import plain_markdown
from etf_platform.reports.display import shown
from etf_platform.reports.plots import canvas
from etf_platform.reports.plots import trend as drawings
from etf_platform.reports.signal.facts import Evidence, SignalFacts
from etf_platform.reports.signal.targets import CAPS, alert_rows, figures, reading_aids, target_rows
from etf_platform.reports.signal.text import NOTHING, body, condition_names, headline, macd_column, too_few

NO_EVIDENCE = Evidence()
ACCOUNTS = {"strategy": "策略", "buy_and_hold": "买入持有", "exposure_matched": "等敞口持有"}
SAMPLES = {"full": "全部", "in_sample": "样本内", "holdout": "样本外"}
SHOWN_METRICS = {
    "total_return": ("累计收益率", "fraction"),
    "annual_return": ("年化收益率", "fraction"),
    "max_drawdown": ("最大回撤", "fraction"),
    "sharpe": ("夏普比率", "ratio"),
    "exposure": ("平均敞口", "fraction"),
}
DRAWN = 504  # sessions of the price plot: two years


def report_markdown(facts: SignalFacts | None, evidence: Evidence = NO_EVIDENCE) -> str:
    """The report as Markdown; no bars or too few give the sentence of the text report."""
    if facts is None or facts.is_too_short:
        return _sentence(facts) + "\n"
    return _environment(html=False).get_template("signal.md.j2").render(**_values(facts, _sections(facts, evidence)))


def report_html(facts: SignalFacts | None, evidence: Evidence = NO_EVIDENCE) -> str:
    """The report as one HTML file without any outside resource; plots stand inline."""
    if facts is None or facts.is_too_short:
        values = {"headline": _sentence(facts), "simulated": False, "source": "", "sections": [], "state": "BLOCKED"}
    else:
        first, *rest = _sections(facts, evidence)
        drawn = Section(first.title, first.lines, first.grids, _plots(facts, evidence))
        values = _values(facts, [drawn, *rest])
    return (
        _environment(html=True)
        .get_template("signal.html.j2")
        .render(states=("PASS", "WARN", "FAIL", "BLOCKED"), **values)
    )


def _sentence(facts: SignalFacts | None) -> str:
    return NOTHING if facts is None else too_few(facts)


def _environment(html: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("etf_platform.reports", "templates"),
        autoescape=html,
        finalize=None if html else plain_markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def _values(facts: SignalFacts, sections: list[Section]) -> dict[str, object]:
    return {
        "headline": headline(facts),
        "simulated": facts.is_simulated,
        "source": str(facts.signal["source"]),
        "state": str(facts.signal["state"]),
        "sections": sections,
    }


def _sections(facts: SignalFacts, evidence: Evidence) -> list[Section]:
    return [
        Section("信号", (*body(facts), _held(facts))),
        Section("指标解读", tuple(reading_aids(facts)) or ("无可解读的指标。",)),
        *_conditions(facts, evidence),
        _results(evidence),
        Section("目标", grids=grid_of("目标|#实际|要求|状态", target_rows(evidence.metrics))),
        Section("运行警报", CAPS, grid_of("警报|#实际|界限|状态", alert_rows(facts, evidence))),
    ]


def _held(facts: SignalFacts) -> str:
    weight = float(facts.signal["weight"])
    if weight == 0.0:
        return "执行后持仓: 0 %"
    opened = f"入场价 {facts.signal['entry_price']:.2f}，入场原因 {facts.signal['entry_reason']}"
    return f"执行后持仓: {weight:.0%}（{opened}）"


def _conditions(facts: SignalFacts, evidence: Evidence) -> list[Section]:
    names, rates = condition_names(facts), evidence.hit_rates
    if not names:
        return []
    title = "各条件的历史命中率（其后 20 个交易日收益 > 0 的比例）"
    if rates.empty:
        return [Section(title, ("尚无数据。",))]
    columns = (rates[name].tolist() for name in ("condition", "is_met", "signals", "hit_rate", "mean_return"))
    rows = [
        (
            f"条件{condition} {names[condition - 1]}",
            "满足" if is_met else "不满足",
            shown(count),
            shown(share, "fraction"),
            shown(mean, "fraction", signed=True),
        )
        for condition, is_met, count, share, mean in zip(*columns, strict=True)
    ]
    note = "相邻信号的收益窗口重叠，独立样本约为次数的二十分之一。"
    return [Section(title, (note,), grid_of("条件|状态|#次数|#命中率|#平均收益", rows))]


def _results(evidence: Evidence) -> Section:
    metrics = evidence.metrics
    if metrics.empty:
        return Section("回测结果", ("尚无回测。",))
    rows = []
    for variant in metrics["variant"].unique():
        for sample, called in SAMPLES.items():
            for account, name in ACCOUNTS.items():
                values = figures(metrics, account, str(variant), sample)
                if values:
                    cells = [shown(values.get(m), unit) for m, (_, unit) in SHOWN_METRICS.items()]
                    rows.append((str(variant), called, name, *cells))
    heads = "|".join(["规则", "区间", "账户", *(f"#{name}" for name, _ in SHOWN_METRICS.values())])
    return Section("回测结果", grids=grid_of(heads, rows))


def _plots(facts: SignalFacts, evidence: Evidence) -> tuple[Plot, ...]:
    subject, history = f"{facts.symbol} {facts.strategy}", evidence.history.tail(DRAWN)
    drawn = [("价格、均线与持仓", drawings.price_and_position(history, _averages(facts), subject))]
    if facts.strategy == "EMA_trend_v3":
        names = f"adx_{facts.settings['adx_period']}", macd_column(dict(facts.settings))
        drawn.append(
            ("ADX 与 MACD", drawings.trend_strength(history, *names, float(facts.settings["adx_threshold"]), subject))
        )
    equity: pd.DataFrame = evidence.equity
    drawn.append(("净值与买入持有", drawings.equity_against_hold(equity, subject)))
    return tuple(Plot(alt, canvas.as_data_uri(png)) for alt, png in drawn)


def _averages(facts: SignalFacts) -> tuple[str, ...]:
    keys = ("ema_fast", "ema_slow", "short_ema", "long_ema")
    spans = tuple(f"ema_{facts.settings[key]}" for key in keys if key in facts.settings)
    return spans or ("sma_50",)
