"""The report for programs: plain values in a fixed order of keys, scores of an asset as the specification lists them.

Not here: text of any kind.
"""

from datetime import date
from typing import Any

from etf_platform.reports.scoring.document import AssetReport, FactorRow, MarketReport

FACTORS = {
    "历史点位": "hist",
    "技术面": "tech",
    "估值面": "valuation",
    "成交量": "volume",
    "资金面": "capital",
    "市场情绪": "sentiment",
}


def report_dict(report: MarketReport) -> dict[str, Any]:
    """The report as values that JSON can hold; unknown is None. Simulated data add `"simulated": true`."""
    return {
        "as_of": report.day.isoformat(),
        "generated_at": report.generated_at.isoformat(),
        "method": report.method,
        "total_assets": report.total_count,
        "judged": len(report.judged),
        "market_state": _state(report),
        "panic": {
            line.market: {"index": line.fear.name, "value": line.fear.value} if line.fear else None
            for line in report.panic
        },
        "assets": [asset_dict(report, asset) for asset in report.assets],
        "failures": [{"name": one.name, "reason": one.reason} for one in report.failures],
        "source": report.source,
        **({"simulated": True} if report.is_simulated else {}),
    }


def asset_dict(report: MarketReport, asset: AssetReport) -> dict[str, Any]:
    """The score output of one asset."""
    return {
        "asset_key": asset.key,
        "name": asset.name,
        "as_of": report.day.isoformat(),
        "data_date": _iso(asset.data_date),
        "status": asset.status,
        "reason": asset.reason,
        "total_score": asset.total,
        "raw_total": asset.raw_total,
        "method": report.method,
        "direction": asset.direction,
        "recommended_position": asset.position or None,
        "coverage": {"available": asset.available, "applicable": asset.applicable},
        "factors": {FACTORS.get(row.label, row.label): _factor(row) for row in asset.factors},
        "up_prob": {str(chance.horizon): chance.up_prob for chance in asset.chances},
        "risk": {
            "risk_score": asset.risk.risk_score,
            "risk_level": asset.risk.level or None,
            "risk_factors": list(asset.risk.factors),
        },
        "strategies": list(asset.strategies),
        "combos": dict(_combo(text) for text in asset.combos),
        "target_weight": asset.target_weight,
        "proxy": asset.proxy or None,
        "source": asset.source,
    }


def _factor(row: FactorRow) -> dict[str, Any]:
    counted = row.score if row.orth_score is None else row.orth_score
    return {
        "score": row.score if row.available else None,
        "orth_score": row.orth_score,
        "weight": row.weight,
        "weighted": None if row.weight is None or counted is None else row.weight * counted,
        "detail": row.detail,
        "applicable": row.applicable,
        "available": row.available,
        "reason": row.reason,
        "data_date": _iso(row.as_of),
        "inputs": dict(row.inputs),
    }


def _combo(text: str) -> tuple[str, str]:
    name, _, matched = text.partition(" ")
    return name, matched


def _state(report: MarketReport) -> dict[str, Any] | None:
    state = report.state
    if state is None:
        return None
    return {"name": state.regime.name, "total": state.total, "low": state.regime.low, "high": state.regime.high}


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
