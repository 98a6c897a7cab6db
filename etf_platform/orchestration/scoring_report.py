"""Fills the market report of a session from its facts.

Not here: what it is filled from (`scoring_facts`), which days and assets (`scoring`), how anything reads (`reports`).
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.units.scoring import ScoreFactor
from etf_platform.measures.relative import alpha, beta
from etf_platform.orchestration.scoring_facts import Facts, Row
from etf_platform.orchestration.steps.scoring import index_rows
from etf_platform.reports.scoring import document as d
from etf_platform.scoring.blocks import Valuation
from etf_platform.scoring.choose import every_factor
from etf_platform.scoring.judgement import BANDS, NO_DATA
from etf_platform.scoring.market_state import REGIMES, market_state
from etf_platform.scoring.markets import FEAR, INDEX, Markets
from etf_platform.scoring.panic import summary
from etf_platform.scoring.risk import assess
from etf_platform.scoring.synthesis import BASIS_LABELS, METHOD_LABELS
from etf_platform.scoring.valuation import PERIODS, equity_risk_premium, percentiles
from etf_platform.scoring.views import AssetView

MARKETS = {"美股": "US", "港股": "HK", "A股": "CN"}
YEAR = 250
SESSIONS_A_YEAR = 252
PROXY = re.compile(r"\(proxy ([^)]+)\)")
BROAD = "HS300"
NO_MEMBERS = "没有成分股行情"
NOT_STORED = "没有该交易日的评分记录"


def report_from(facts: Facts) -> d.MarketReport:
    """The report; an asset without any bar, or without a stored score, is a failure with its reason."""
    settings = facts.settings
    broken = {view.key: why for view in facts.views if (why := _why_broken(view, facts.scores.get(view.key)))}
    return d.MarketReport(
        day=facts.day,
        generated_at=dt.datetime.combine(facts.day, dt.time(settings.schedule.hour, settings.schedule.minute)),
        bands=tuple(d.like(d.Band, band) for band in BANDS),
        assets=tuple(_asset(facts, view) for view in facts.views if view.key not in broken),
        failures=tuple(d.Failure(settings.assets[key].name, why) for key, why in broken.items()),
        indices=tuple(_index(facts, view) for view in facts.indices),
        **_panic(facts.markets),
        **_state(facts),
        regimes=tuple(d.like(d.Regime, regime) for regime in REGIMES),
        positions=facts.positions,
        institutional=_institutional(facts),
        method=_method(facts),
        factor_table=settings.factor_table,
        source=facts.source,
    )


def _why_broken(view: AssetView, row: Row | None) -> str:
    if row is None:
        return NOT_STORED
    return view.reasons.get("bars", "") if view.data_date is None else ""


def _asset(facts: Facts, view: AssetView) -> d.AssetReport:
    row, asset, settings = facts.scores[view.key], view.asset, facts.settings
    risk = assess(view, settings.original_compatible)
    relative, why = _relative(facts, view)
    band = _band(row)
    return d.AssetReport(
        key=view.key,
        **{name: getattr(asset, name) for name in ("name", "symbol", "group", "category", "type", "underlying_market")},
        description=asset.note,
        proxy=_proxy(view),
        **{name: getattr(view, name) for name in ("source", "data_date", "close", "change", "sentiment_score")},
        **{name: row[name] for name in ("status", "reason", "raw_total", "direction", "target_weight")},
        total=row["total_score"],
        mark=band.mark,
        position=row["recommended_position"],
        available=row["available"],
        applicable=row["applicable"],
        factors=tuple(_factor(facts, view, unit) for unit in every_factor(settings.original_compatible)),
        chances=tuple(d.like(d.Chance, view.probabilities[h]) for h in sorted(view.probabilities)),
        technical=d.like(d.Indicators, view.technical) if view.technical else None,
        volume=d.like(d.Volumes, view.volume) if view.volume else None,
        valuation=_worth(facts, view.valuation) if view.valuation else None,
        flows=d.like(d.Money, view.flows) if view.flows else None,
        margin=facts.margin if asset.group == "core" and asset.underlying_market == "CN" else None,
        panic=d.like(d.Fear, view.panic) if view.panic else None,
        risk=d.like(d.RiskFacts, risk),
        strategies=_parts(row["strategies"]),
        combos=_parts(row["combos"]),
        relative=relative,
        reasons={"breadth": NO_MEMBERS, "relative": why} | dict(view.reasons),
    )


def _factor(facts: Facts, view: AssetView, unit: ScoreFactor) -> d.FactorRow:
    row = facts.factors.get(view.key, {}).get(unit.name)
    if row is None:
        return d.FactorRow(unit.label)
    inputs = unit.score(view).inputs if row["available"] else {}
    return d.FactorRow(unit.label, **{n: row[n] for n in _FACTOR_FIELDS}, inputs=inputs)


_FACTOR_FIELDS = ("applicable", "available", "score", "orth_score", "weight", "detail", "reason", "as_of")


def _band(row: Row) -> Any:
    return next((band for band in BANDS if band.direction == row["direction"]), NO_DATA)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


def _proxy(view: AssetView) -> str:
    found = PROXY.search(view.source)
    if found:
        return found.group(1)
    return view.asset.symbol if view.asset.type == "proxy_etf" else ""


def _worth(facts: Facts, valuation: Valuation) -> d.Worth:
    told = facts.stored.published("bond_yield", 0)
    bond = float(facts.stored.series["bond_yield"].values.iloc[-1]) if told.is_there else None
    return d.like(d.Worth, valuation, erp=equity_risk_premium(valuation.pe, bond))


def _relative(facts: Facts, view: AssetView) -> tuple[d.Relative | None, str]:
    """Alpha and beta of the last year against the index of the asset's market; None with the reason."""
    key = INDEX[view.asset.underlying_market]
    if key == view.key:
        return None, "该资产即为基准"
    if "bars" in view.reasons or key not in facts.closes or view.key not in facts.closes:
        return None, view.reasons.get("bars") or f"没有基准{key}的行情"
    both = pd.concat([facts.closes[view.key], facts.closes[key]], axis=1, join="inner").iloc[-YEAR - 1 :]
    returns = both.pct_change().iloc[1:].to_numpy()
    try:
        slope, rest = beta(returns[:, 0], returns[:, 1]), alpha(returns[:, 0], returns[:, 1])
    except InsufficientDataError:
        return None, f"与{facts.settings.assets[key].name}的共同收益太少"
    if len(returns) < YEAR or slope != slope:
        return None, f"与{facts.settings.assets[key].name}只有{len(returns)}个共同收益"
    return d.Relative(facts.settings.assets[key].name, rest * SESSIONS_A_YEAR, slope, len(returns)), ""


def _index(facts: Facts, view: AssetView) -> d.IndexLine:
    row = facts.scores.get(view.key)
    label, proxy = view.asset.name, _proxy(view)
    if row is None:
        return d.IndexLine(label)
    named = f"{label} (代理: {proxy})" if proxy else label
    return d.IndexLine(named, view.close, view.change, row["direction"], _band(row).mark)


def _panic(markets: Markets) -> dict[str, Any]:
    moods = {name: markets.mood(market, FEAR[market], 0) for name, market in MARKETS.items()}
    lines = tuple(
        d.PanicLine(name, d.like(d.Fear, mood.panic) if mood.panic else None, mood.reasons.get("panic", ""))
        for name, mood in moods.items()
    )
    said = summary({name: mood.panic.value if mood.panic else None for name, mood in moods.items()})
    return {"panic": lines, "panic_summary": said}


def _state(facts: Facts) -> dict[str, Any]:
    rows = index_rows(facts.closes, facts.day)
    state = market_state(rows)
    names = {key: asset.name for key, asset in facts.settings.assets.items()}
    if state is None:
        told = "; ".join(f"{names.get(row.key, row.key)} {row.reason}" for row in rows if row.change is None)
        return {"state": None, "state_reason": told}
    view = d.like(
        d.MarketView,
        state,
        regime=d.like(d.Regime, state.regime),
        used=tuple(names.get(key, key) for key in state.used),
        missing={names.get(key, key): why for key, why in state.missing.items()},
    )
    return {"state": view}


def _institutional(facts: Facts) -> d.Institutional:
    reasons, ranks = {"breadth": NO_MEMBERS}, {}
    limit = facts.settings.stale_valuation_sessions
    for name in ("pe", "pb"):
        told = facts.stored.published(name, 0, limit)
        if told.is_there:
            ranks[name] = percentiles(facts.stored.series[name].values)
        else:
            reasons["valuation"] = "; ".join(filter(None, (reasons.get("valuation"), told.reason)))
    valuation = tuple(_percentiles(ranks, label) for label in PERIODS) if ranks else ()
    if facts.margin is None:
        reasons["margin"] = facts.stored.published("margin_balance", 0).reason
    return d.Institutional(valuation, (), facts.margin, reasons)


def _percentiles(ranks: Mapping[str, Mapping[str, float | None]], label: str) -> d.Percentiles:
    known = {name: found[label] for name, found in ranks.items()}
    return d.Percentiles(PERIODS[label] // YEAR, known.get("pe"), known.get("pb"))


def _method(facts: Facts) -> str:
    row: Row = next(iter(facts.scores.values()), {})
    made, basis = METHOD_LABELS.get(row.get("method", ""), ""), BASIS_LABELS.get(row.get("basis", ""), "")
    if not basis:
        return made
    return f"{made} ({basis}, {facts.sessions}个交易日)"
