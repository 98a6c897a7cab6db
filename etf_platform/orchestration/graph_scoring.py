"""The order of the scoring's data flow, as data: inputs of the scored assets, scores, how they did, the market report.

Not here: how a score is made (`scoring`), pools and universes (`graph`), the limit-up tracker (`graph_arbitrage`).
"""

from etf_platform.core import tables as t
from etf_platform.orchestration.step import Step

_STEPS = "etf_platform.orchestration.steps"
JOB = "scoring"

SCORING_STEPS: tuple[Step, ...] = (
    Step(
        "market/{pool}/bars",
        f"{_STEPS}.scoring_inputs:load_asset_bars",
        needs=(),
        tables=(t.BARS, t.QUARANTINE),
        description="Daily bars of the scored assets, each on its own calendar; the first run loads everything.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
    Step(
        "market/{pool}/series",
        f"{_STEPS}.scoring_inputs:write_series",
        needs=(),
        tables=(t.ASSET_SERIES,),
        description="Valuation, flows, margin and fear indices, each with the session from which it may be used.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "python"}),
        job=JOB,
    ),
    Step(
        "scoring/{pool}/scores",
        f"{_STEPS}.scoring:write_scores",
        needs=("market/{pool}/bars", "market/{pool}/series"),
        tables=(t.ASSET_SCORES, t.FACTOR_SCORES, t.SCORE_BASIS, t.ASSET_STATES),
        description="Six factors of every asset, made independent across assets, with judgement, risk and weight.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "numpy"}),
        job=JOB,
    ),
    Step(
        "scoring/{pool}/evaluation",
        f"{_STEPS}.scoring:write_evaluation",
        needs=("scoring/{pool}/scores", "market/{pool}/bars"),
        tables=(t.SCORE_EVALUATION,),
        description="What came after scores, bands and probabilities, with intervals, against the base rate.",
        is_partitioned=True,
        kinds=frozenset({"deltalake", "numpy"}),
        job=JOB,
    ),
    Step(
        "reports/{pool}/market",
        f"{_STEPS}.market_report:write_market_report",
        needs=("scoring/{pool}/scores", "market/{pool}/bars", "market/{pool}/series"),
        tables=(),
        description="The daily market report for people: Markdown, HTML and text; an asset without a score is listed.",
        is_partitioned=True,
        kinds=frozenset({"markdown", "html"}),
        job=JOB,
    ),
)
