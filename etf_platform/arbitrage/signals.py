"""Signals: for each watched stock that is sealed, one fund that holds it, in words and in money.

Here: putting candidates, choice, filters, words, economics and the sentence together. Not here: any of them, and
storing, telling or expiring signals.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date
from typing import Any

import pandas as pd

from etf_platform.arbitrage import choose, clock, economics, funds, words
from etf_platform.arbitrage.candidates import candidates, holders, sealed_stocks
from etf_platform.arbitrage.choose import Refusal
from etf_platform.arbitrage.decision import decide
from etf_platform.arbitrage.funds import FundView
from etf_platform.arbitrage.inputs import Market
from etf_platform.arbitrage.reasons import overruled, reason
from etf_platform.core.units.arbitrage import Candidate, Words

__all__ = ["Look", "Market", "Refusal", "Signal", "look", "signals_of"]

KEYS = ("signal_id", "trade_date", "stock", "etf", "episode")
NO_FUND = "没有已知持仓的基金达到最低权重"


@dataclass(frozen=True)
class Signal:
    """What is said about a stock at its limit and a fund: keys and `fields` of the ops table `limit_signals`.

    Fractions, yuan, basis points; None is unknown. `at` is ISO UTC, `limit_time` HH:MM:SS of the exchange's clock,
    `as_of` and `published_at` ISO dates of the holdings. `components` has, per part of the score, `value`, `points`
    and `of`, and `words` with what made the two words.
    """

    signal_id: str
    trade_date: date
    stock: str
    etf: str
    episode: int
    at: str
    stock_name: str
    stock_price: float | None
    limit_time: str | None
    seal_amount: float | None
    change: float | None
    etf_name: str
    etf_price: float | None
    etf_weight: float
    etf_premium: float | None
    etf_amount: float | None
    reason: str
    confidence: str
    risk_level: str
    actual_weight: float
    weight_rank: int | None
    top10_ratio: float | None
    score: float | None
    edge_bps: float | None
    components: dict[str, Any]
    decision_state: str
    actionable: bool
    settlement: str | None
    sum_weight: float
    stocks_at_limit: int
    others: tuple[dict[str, Any], ...]
    source: str
    as_of: str
    published_at: str

    @property
    def fields(self) -> dict[str, Any]:
        """The column `fields`: everything but the keys, ready for JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in KEYS}
        return {**values, "others": list(self.others)}


@dataclass(frozen=True)
class Look:
    """What a look at the market found.

    Attributes
    ----------
    signals : tuple of Signal
        To be raised, best score first.
    refused : tuple of Refusal
        Candidates that raise none, with the reason.
    risen : tuple of Signal
        Those of `observed` that can be acted on now, without identifier: others may have sealed since.
    """

    signals: tuple[Signal, ...] = ()
    refused: tuple[Refusal, ...] = ()
    risen: tuple[Signal, ...] = ()


def signals_of(market: Market) -> list[Signal]:
    """The signals of `look`."""
    return list(look(market).signals)


def look(market: Market) -> Look:
    """Signals of every watched stock with a standing episode, best score first.

    Outside the session there are none. A signal of `told` is not raised again; one of `observed` that can be acted on
    now is `risen`. Of the actionable ones only the best `max_positions` (less `standing`) stay so; the others say that
    there is no place.
    """
    hours = market.settings.trading_hours
    if not clock.is_open(market.now, hours) or clock.local(market.now).date() != market.trade_date:
        return Look()
    stocks = sealed_stocks(market)
    held = holders(market, stocks)
    views = funds.views(market, frozenset(str(etf) for rows in held.values() for etf in rows["symbol"]))
    found: list[Signal] = []
    refused = [Refusal(stock, "", "min_weight", NO_FUND) for stock in stocks if stock not in held]
    for stock, rows in held.items():
        chosen, against = _choose(market, candidates(market, stocks[stock], rows, views))
        refused += against
        if chosen is not None:
            found.append(_signal(market, chosen, stocks[stock], rows, views[chosen.etf]))
    open_to_say = [s for s in sorted(found, key=_rank) if _key(s) not in market.told or _key(s) in market.observed]
    limited = _limited(open_to_say, market)
    new = [signal for signal in limited if _key(signal) not in market.told]
    risen = [signal for signal in limited if _key(signal) in market.told and signal.actionable]
    return Look(tuple(_numbered(new, market)), tuple(refused), tuple(risen))


def _key(signal: Signal) -> tuple[str, str, int]:
    return signal.stock, signal.etf, signal.episode


def _choose(market: Market, among: Sequence[Candidate]) -> tuple[Candidate | None, list[Refusal]]:
    """The fund that the selector picks, unless a filter refuses it."""
    strategy = market.settings.strategy
    by = choose.selector(strategy)
    chosen = choose.pick(among, by)
    if chosen is None:
        return None, [Refusal(among[0].stock, "", by.name, f"没有一只基金可按“{by.meaning}”比较：所需数据未知")]
    against = choose.refusals(chosen, strategy)
    return (None if against else chosen), against


def _signal(market: Market, chosen: Candidate, state: Mapping[Any, Any], rows: pd.DataFrame, view: FundView) -> Signal:
    strategy = market.settings.strategy
    spoken = choose.evaluator(strategy).evaluate(chosen, market.settings.signal_evaluation)
    score = _score(chosen, state, view, strategy.min_amount)
    decision = decide(market, score, spoken, view)
    row = rows[rows["symbol"] == chosen.etf].iloc[0]
    name = market.names.get(chosen.stock) or funds.text(state, "name") or chosen.stock
    price, before = funds.number(state, "close"), funds.number(state, "prev_close")
    return Signal(
        signal_id="",
        trade_date=market.trade_date,
        stock=chosen.stock,
        etf=chosen.etf,
        episode=market.episodes[chosen.stock],
        at=clock.local(market.now).astimezone(UTC).isoformat(),
        stock_name=name,
        stock_price=price,
        limit_time=_clock_time(state.get("first_seal")),
        seal_amount=chosen.seal_amount,
        change=None if price is None or not before else price / before - 1.0,
        etf_name=view.name,
        etf_price=view.price,
        etf_weight=chosen.weight,
        etf_premium=view.premium,
        etf_amount=view.amount,
        reason=reason(chosen, name, view, decision.against),
        confidence=spoken.confidence,
        risk_level=spoken.risk,
        actual_weight=chosen.weight,
        weight_rank=chosen.rank,
        top10_ratio=chosen.top10_ratio,
        score=score.total,
        edge_bps=view.edge.bps,
        components=_components(market, score, view, spoken, funds.is_true(state, "book_estimated")),
        decision_state=decision.state.value,
        actionable=not decision.against,
        settlement=market.settlement.get(chosen.etf),
        sum_weight=view.sum_weight,
        stocks_at_limit=view.stocks_at_limit,
        others=_others(rows, chosen.etf),
        source=_source(state, row, view),
        as_of=f"{row['as_of']:%Y-%m-%d}",
        published_at=f"{row['published_at']:%Y-%m-%d}",
    )


def _others(rows: pd.DataFrame, chosen: str) -> tuple[dict[str, Any], ...]:
    pairs = zip(rows["symbol"], rows["weight"], strict=True)
    return tuple({"etf": str(etf), "weight": float(weight)} for etf, weight in pairs if etf != chosen)


def _score(chosen: Candidate, state: Mapping[Any, Any], view: FundView, min_amount: float) -> economics.Score:
    parts = economics.Parts(
        edge_bps=view.edge.bps,
        premium=view.premium,
        projected_amount=view.projected_amount,
        seconds_to_close=chosen.seconds_to_close,
        seal_ratio=funds.seal_ratio(state),
        quality=view.quality,
    )
    return economics.score(parts, min_amount)


def _components(
    market: Market, score: economics.Score, view: FundView, spoken: Words, is_seal_estimated: bool
) -> dict[str, Any]:
    """The parts of the score with what is special about them, and the words."""
    parts = {name: dict(part) for name, part in score.components.items()}
    parts["edge"]["parts"] = dict(view.edge.parts)
    parts["edge"]["missing"] = list(view.edge.missing)
    parts["premium"] |= {"estimated": view.worth.is_estimated, "covered": view.worth.covered}
    parts["premium"]["missing"] = list(view.worth.missing)
    parts["premium"]["benchmark"] = market.benchmark_names.get(view.etf) if view.worth.is_estimated else None
    parts["liquidity"]["estimated"] = view.is_pace_estimated
    parts["seal"]["estimated"] = is_seal_estimated
    parts["words"] = {"value": words.of_score(score.total), "points": None, "of": 0.0, "why": list(spoken.why)}
    return parts


def _rank(signal: Signal) -> tuple[float, float, str]:
    """Best first: by score, then by edge, then by symbol; an unknown number comes last."""
    score = -math.inf if signal.score is None else signal.score
    edge = -math.inf if signal.edge_bps is None else signal.edge_bps
    return -score, -edge, signal.stock


def _limited(ranked: Sequence[Signal], market: Market) -> list[Signal]:
    """At most `max_positions` actionable signals, those that stand already included."""
    most = market.settings.strategy.max_positions
    places, kept = most - market.standing, []
    for signal in ranked:
        if signal.actionable and places <= 0:
            full = overruled(signal.reason, f"已达同时操作上限 {most} 个")
            signal = replace(signal, actionable=False, reason=full)
        places -= signal.actionable
        kept.append(signal)
    return kept


def _numbered(signals: Sequence[Signal], market: Market) -> list[Signal]:
    """Signals with identifiers SIG_{time}_{code}_{sequence}, exchange time."""
    moment = f"{clock.local(market.now):%Y%m%d%H%M%S}"
    return [
        replace(signal, signal_id=f"SIG_{moment}_{signal.stock[:6]}_{number:04d}")
        for number, signal in enumerate(signals, market.next_sequence)
    ]


def _clock_time(moment: Any) -> str | None:
    return None if moment is None or pd.isna(moment) else f"{pd.Timestamp(moment).tz_convert(clock.SHANGHAI):%H:%M:%S}"


def _source(state: Mapping[Any, Any], row: pd.Series, view: FundView) -> str:
    """Where quotes of the stock and the fund, and the holdings, are from; each once."""
    named = (funds.text(state, "source"), view.source, str(row["source"]))
    return "; ".join(dict.fromkeys(text for text in named if text))
