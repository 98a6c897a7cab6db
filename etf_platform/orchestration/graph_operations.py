"""The order of operations, as data: the running account of every pool, and what judges it.

Jobs of their own, so that no session waits for them: the account follows `portfolio` in the evening, everything that
judges it comes the next morning; the portfolio's steps follow in a job after the pools', so that one pool that stops
takes nothing else with it. Not here: pools and the portfolio (`graph`), the weekly chain (`graph_weekly`),
what follows from a judged session (`closing`).
"""

from etf_platform.core import tables as t
from etf_platform.orchestration.graph_weekly import WEEKLY as WEEKLY
from etf_platform.orchestration.graph_weekly import WEEKLY_STEPS
from etf_platform.orchestration.step import Step

_STEPS = "etf_platform.orchestration.steps"
ACCOUNT, JOB = "account", "operations"
PORTFOLIO_JOB = "operations_portfolio"
GATES, STATUS, SIGN_OFF = "governance/{pool}/gates", "governance/{pool}/status", "governance/{pool}/signoff_pack"

POOL_OPERATIONS: tuple[Step, ...] = (
    Step(
        "paper/{pool}/account",
        f"{_STEPS}.paper:write_account",
        needs=("strategies/{pool}/targets", "factors/{pool}/panel", "market/{pool}/bars"),
        tables=(t.PAPER_ACCOUNT, t.PAPER_DECISIONS, t.PAPER_FILLS, t.PAPER_RELEASES),
        description="The running account: decided at the close, filled at the next open, recorded for ever.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "python"}),
        job=ACCOUNT,
    ),
    Step(
        "governance/{pool}/consistency",
        f"{_STEPS}.consistency:write_consistency",
        needs=("paper/{pool}/account", "market/{pool}/bars"),
        tables=(t.CONSISTENCY,),
        description="Online against offline, stage by stage; the first stage that differs is named.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "numba"}),
        job=JOB,
    ),
    Step(
        "drift/{pool}/features",
        f"{_STEPS}.drift:write_drift",
        needs=("market/{pool}/bars", "factors/{pool}/panel"),
        tables=(t.DRIFT,),
        description="Every feature against its baseline and its block-bootstrap null; stages move, moves are recorded.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "numpy"}),
        job=JOB,
    ),
    Step(
        "kpi/{pool}/values",
        f"{_STEPS}.kpi_values:write_pool_values",
        needs=(
            "paper/{pool}/account",
            "governance/{pool}/consistency",
            "drift/{pool}/features",
            "risk/{pool}/coverage",
            "risk/{pool}/attribution",
        ),
        tables=(t.KPI_VALUES,),
        description="Every registered metric of the strategy, with baseline, trend, status and reason.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
    Step(
        GATES,
        f"{_STEPS}.status:write_gates",
        needs=("governance/{pool}/consistency", "drift/{pool}/features", "kpi/{pool}/values"),
        tables=(),
        description="The gates of a release of this strategy: data, consistency, metrics, drift; its checks block.",
        is_partitioned=True,
        job=JOB,
    ),
)

PORTFOLIO_OPERATIONS: tuple[Step, ...] = (
    Step(
        "kpi/{pool}/values",
        f"{_STEPS}.kpi_values:write_portfolio_values",
        needs=("kpi/{each}/values", "paper/{each}/account", "risk/{pool}/coverage", "risk/{each}/attribution"),
        tables=(t.KPI_VALUES,),
        description="Every registered metric of all running accounts taken together.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "python"}),
        job=PORTFOLIO_JOB,
    ),
    Step(
        "reports/{pool}/kpi_board",
        f"{_STEPS}.kpi_board:write_board",
        needs=("kpi/{pool}/values", "kpi/{each}/values"),
        tables=(),
        description="The KPI board: every metric of every strategy on one page, with sparklines.",
        is_partitioned=True,
        kinds=frozenset({"python"}),
        job=PORTFOLIO_JOB,
    ),
    Step(
        "governance/{pool}/daily_regression",
        f"{_STEPS}.weekly:write_daily_regression",
        needs=("governance/{each}/consistency",),
        tables=(),
        description="The commands of the daily regression, each in a process of its own; the gate of the week.",
        is_partitioned=True,
        job=PORTFOLIO_JOB,
    ),
    Step(
        STATUS,
        f"{_STEPS}.status:write_status",
        needs=("kpi/{pool}/values", "kpi/{each}/values", "governance/{each}/consistency", "drift/{each}/features"),
        tables=(),
        description="What is in force: release, stage, exposure, freeze, breaker, drift and metrics of every strategy.",
        job=PORTFOLIO_JOB,
    ),
    *WEEKLY_STEPS,
)
