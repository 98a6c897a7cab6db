"""资金面: money that comes into the asset's market or leaves it."""

from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.blocks import Flow
from etf_platform.scoring.capital import expected_kinds
from etf_platform.scoring.points import first_step, scored, unavailable
from etf_platform.scoring.views import AssetView

NAMES = {"northbound": "北向资金", "southbound": "南向资金", "margin": "融资资金"}
LARGE = {"northbound": 5e9, "southbound": 3e9}
TEXT_STEPS = {"极度乐观": 25.0, "乐观": 25.0, "悲观": -25.0, "极度悲观": -25.0}

Steps = list[tuple[float, str]]


def score_capital(view: AssetView) -> Scored:
    """Base 50, then by market: net flow of five days for core CN and HK assets (with margin sentiment for CN), bands of
    the flow sentiment for the others. Where margin balances stand in for northbound flow every CN asset has bands,
    and their sentiment is not counted a second time.
    """
    flow = view.flows
    if flow is None:
        return unavailable(view, "capital", "资金流向")
    market = view.asset.underlying_market
    if flow.kind not in expected_kinds(market):
        return unavailable(view, "capital", "资金流向", f"{NAMES.get(flow.kind, flow.kind)}与市场{market}无关")
    if view.asset.group == "core" and market in ("CN", "HK") and flow.kind in LARGE:
        steps, lacking = _core(view, flow)
    else:
        steps, lacking = _banded(flow, market)
    if lacking:
        return unavailable(view, "margin" if lacking == "融资情绪" else "capital", lacking)
    inputs = {"kind": flow.kind, "sentiment": flow.sentiment, "five_day": flow.five_day}
    total = 50.0 + sum(points for points, _ in steps)
    return scored(total, [text for _, text in steps], flow.as_of, inputs | {"margin_sentiment": view.margin_sentiment})


def _core(view: AssetView, flow: Flow) -> tuple[Steps, str]:
    five, limit, name = flow.five_day, LARGE[flow.kind], NAMES[flow.kind]
    if five is None:
        return [], f"{name}近5日累计"
    step = first_step(
        (
            (five > limit, 25.0, f"{name}流入"),
            (five > 0.0, 10.0, f"{name}小幅流入"),
            (five < -limit, -25.0, f"{name}流出"),
            (five < 0.0, -10.0, f"{name}小幅流出"),
        )
    )
    if flow.kind == "southbound":
        return [step], ""
    margin = view.margin_sentiment
    if margin is None:
        return [], "融资情绪"
    return [step, first_step(((margin > 60.0, 10.0, "融资情绪偏热"), (margin < 40.0, -10.0, "融资情绪偏冷")))], ""


def _banded(flow: Flow, market: str) -> tuple[Steps, str]:
    points, name = flow.sentiment, NAMES[flow.kind]
    if points is None:
        step = _by_text(flow, name) if market == "HK" else None
        return ([step], "") if step is not None else ([], f"{name}情绪")
    if market not in ("CN", "HK"):
        return [first_step(((points > 60.0, 15.0, f"{name}流入"), (points < 40.0, -15.0, f"{name}流出")))], ""
    step = first_step(
        (
            (points > 60.0, 25.0, f"{name}流入"),
            (points > 50.0, 10.0, f"{name}小幅流入"),
            (points < 40.0, -25.0, f"{name}流出"),
            (points < 50.0, -10.0, f"{name}小幅流出"),
        )
    )
    return [step], ""


def _by_text(flow: Flow, name: str) -> tuple[float, str] | None:
    points = TEXT_STEPS.get(flow.text)
    return None if points is None else (points, f"{name}{'流入' if points > 0.0 else '流出'}")


CAPITAL = ScoreFactor(
    name="capital",
    label="资金面",
    meaning="northbound, southbound or margin money: net flow of five sessions, or the sentiment of the flow",
    score=score_capital,
)
