"""The sentence that tells users why a signal is there, in Chinese; an unknown number prints as a dash."""

from collections.abc import Sequence

from etf_platform.arbitrage.funds import FundView
from etf_platform.arbitrage.iopv import is_known
from etf_platform.core.units.arbitrage import Candidate

UNKNOWN = "—"
ACT = "可操作"


def reason(candidate: Candidate, stock_name: str, fund: FundView, against: Sequence[str]) -> str:
    """One sentence: the board, the weight, all of the fund's boards, the premium, the edge, the time, the verdict.

    The verdict is `可操作`, or `仅供观察` and what is `against` acting on it.
    """
    rank = "" if candidate.rank is None else f"（第 {candidate.rank} 大持仓）"
    worth = "估算溢价" if fund.worth.is_estimated else "溢价"
    parts = (
        f"{stock_name}涨停，封单 {in_yi(candidate.seal_amount)}",
        f"{fund.name}持有其 {percent(candidate.weight)}{rank}",
        f"该基金共 {fund.stocks_at_limit} 只持仓封板、合计权重 {percent(fund.sum_weight)}",
        f"{worth} {percent(fund.premium, signed=True)}，扣除成本的预期收益 {bps(fund.edge.bps)}",
        f"距收盘 {minutes(candidate.seconds_to_close)}，{_verdict(against)}",
    )
    return "；".join(parts) + "。"


def overruled(said: str, against: str) -> str:
    """The sentence of a signal that could be acted on, closed otherwise."""
    return said.removesuffix(f"{ACT}。") + f"{_verdict([against])}。"


def percent(value: float | None, signed: bool = False) -> str:
    """A fraction as percent with two decimals: 0.1 is 10.00%."""
    if not is_known(value):
        return UNKNOWN
    return f"{value:+.2%}" if signed else f"{value:.2%}"


def in_yi(value: float | None) -> str:
    """Yuan in units of 100 million."""
    return f"{value / 1e8:.2f} 亿元" if value is not None and is_known(value) else UNKNOWN


def bps(value: float | None) -> str:
    """Basis points with one decimal and sign."""
    return f"{value:+.1f} 个基点" if is_known(value) else UNKNOWN


def minutes(seconds: int) -> str:
    """Trading seconds as whole minutes."""
    return f"{max(seconds, 0) // 60} 分钟"


def _verdict(against: Sequence[str]) -> str:
    return f"仅供观察：{'、'.join(against)}" if against else ACT
