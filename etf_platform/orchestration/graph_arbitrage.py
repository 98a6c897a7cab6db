"""The order of the limit-up tracker's data flow, as data: stocks, the funds that hold them, and what comes of both.

Needs with `{stocks}` or `{funds}` stand for the other universe of `arbitrage.yaml`. Not here: the monitor of the
running session (`tracking`), pools and universes (`graph`).
"""

from etf_platform.core import tables as t
from etf_platform.orchestration.step import Step

_STEPS = "etf_platform.orchestration.steps"
JOB = "arbitrage"

FUND_STEPS: tuple[Step, ...] = (
    Step(
        "market/{pool}/holdings",
        f"{_STEPS}.stocks:write_holdings",
        needs=(),
        tables=(t.FUND_HOLDINGS,),
        description="Stocks in the published reports of funds, each with the first day on which it may be used.",
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
    Step(
        "market/{pool}/bars",
        f"{_STEPS}.arbitrage_history:load_fund_bars",
        needs=("market/{pool}/holdings",),
        tables=(t.BARS, t.QUARANTINE),
        description="Daily bars of the watched funds and of those whose holdings are known; the first run loads all.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
)

STOCK_STEPS: tuple[Step, ...] = (
    Step(
        "market/{pool}/stock_list",
        f"{_STEPS}.stocks:write_stock_list",
        needs=(),
        tables=(t.STOCK_LIST,),
        description="Every listed stock with name, board, industry and first day of trading.",
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
    Step(
        "market/{pool}/bars",
        f"{_STEPS}.arbitrage_history:load_stock_bars",
        needs=("market/{pool}/stock_list",),
        tables=(t.BARS, t.QUARANTINE),
        description="Daily bars of all stocks; the first run loads everything from `history_start` on.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
    Step(
        "arbitrage/{pool}/limit_states",
        f"{_STEPS}.arbitrage_history:write_states",
        needs=("market/{pool}/bars", "market/{pool}/stock_list"),
        tables=(t.LIMIT_STATES, t.BOARD_COUNTS),
        description="Every stock and day against its price limit: at it, touched, opened, one word, boards in a row.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "numpy"}),
        job=JOB,
    ),
    Step(
        "arbitrage/{pool}/expectations",
        f"{_STEPS}.arbitrage_history:write_expectations",
        needs=("arbitrage/{pool}/limit_states", "market/{pool}/bars"),
        tables=(t.EXPECTATIONS, t.BOARD_RETURNS),
        description="What boards earned to the next open, and what may be expected from outcomes known the day before.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "numpy"}),
        job=JOB,
    ),
    Step(
        "backtest/{pool}/arbitrage",
        f"{_STEPS}.event_study:write_event_backtest",
        needs=(
            "arbitrage/{pool}/expectations",
            "arbitrage/{pool}/limit_states",
            "market/{stocks}/bars",
            "market/{funds}/bars",
            "market/{funds}/holdings",
        ),
        tables=(t.EVENT_FIGURES, t.EVENT_SIGNALS, t.EVENT_TRADES),
        description="Past signals by published holdings, bought at the next price; beside them random days.",
        kinds=frozenset({"deltalake", "numpy"}),
        job=JOB,
    ),
    Step(
        "arbitrage/{pool}/outcomes",
        f"{_STEPS}.arbitrage_history:write_outcomes",
        needs=("market/{funds}/bars",),
        tables=(t.SIGNAL_OUTCOMES,),
        description="What the fund of every signal of the monitor did in the next session; also told to the signals.",
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
)

ARBITRAGE_STEPS: tuple[Step, ...] = (*FUND_STEPS, *STOCK_STEPS)
