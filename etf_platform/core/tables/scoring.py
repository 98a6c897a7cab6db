"""Tables of the scores of assets: their inputs, factor scores, totals, and how these did."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, count, flag, fraction, price, text

ASSET = Column("asset", "string", "key", "key in scoring.yaml, e.g. HS300")


def points(name: str, meaning: str, nullable: bool = True) -> Column:
    """A score."""
    return Column(name, "float64", "points 0..100", meaning, nullable)


ASSET_SERIES = Table(
    "market",
    "series",
    "dated inputs that are no bars: valuation, flows, margin, volatility indices",
    (
        DATE,
        Column("name", "string", "name", "pe, pb, northbound_net, margin_balance, vix, ..."),
        Column(
            "value", "float64", "yuan, ratio or points", "value; a ratio for pe and pb, yuan for flows and balances"
        ),
        Column("published_at", "date", "session", "first session on which the value may be used"),
        SOURCE,
    ),
    key=("date", "name"),
)

ASSET_STATES = Table(
    "scoring",
    "inputs",
    "what every factor of every asset was made of, and how old it was",
    (
        DATE,
        ASSET,
        text("input", "bars, pe, pb, northbound_net, margin_balance, panic index, ..."),
        Column("as_of", "date", "date", "date of the newest value used; null where there is none", True),
        count("age", "sessions between as_of and the day", True),
        text("state", "PASS, WARN or BLOCKED"),
        text("reason", "why it is not PASS; empty otherwise"),
        SOURCE,
    ),
    key=("date", "asset", "input"),
)

FACTOR_SCORES = Table(
    "scoring",
    "factor_scores",
    "six factor scores of every asset; an unavailable one has no score",
    (
        DATE,
        ASSET,
        text("factor", "hist, tech, valuation, volume, capital or sentiment"),
        flag("applicable", "whether the factor can exist for the asset"),
        flag("available", "whether its inputs are there and fresh"),
        points("score", "raw score"),
        points("orth_score", "score after orthogonalisation across assets; null where its column was dropped"),
        fraction("weight", "share in the total", True),
        text("detail", "what made the score, in the words of the report; 不可用 where unavailable"),
        text("reason", "why it is unavailable; empty otherwise"),
        Column("as_of", "date", "date", "date of its oldest input", True),
        SOURCE,
    ),
    key=("date", "asset", "factor"),
)

ASSET_SCORES = Table(
    "scoring",
    "scores",
    "the total of every asset, with judgement, probability, risk and advice",
    (
        DATE,
        ASSET,
        Column("data_date", "date", "date", "date of the bar that was judged; null without bars", True),
        text("status", "PASS, WARN or BLOCKED"),
        text("reason", "why it is not PASS; empty otherwise"),
        points("total_score", "the total; null when BLOCKED"),
        points("raw_total", "mean of the available raw scores; null without any"),
        text("method", "orthogonal, symmetric or equal_weight"),
        text("basis", "pooled, cross_section or none"),
        text("direction", "强烈看多, 看多, 中性偏多, 中性, 看空 or 数据不足"),
        text("recommended_position", "per-asset hint, e.g. 60-70%; empty when BLOCKED"),
        count("available", "available factors"),
        count("applicable", "applicable factors"),
        price("close", "close of the bar", True),
        fraction("change", "close / close before - 1", True),
        fraction("up_prob_20", "probability of a positive return over 20 sessions, shrunk to the base rate", True),
        fraction("up_low_20", "lower end of its 80 % interval", True),
        fraction("up_high_20", "upper end", True),
        fraction("base_rate_20", "share of positive returns over 20 sessions in the whole window", True),
        count("matches_20", "past days in the same state", True),
        count("effective_20", "of these, at least 20 sessions apart", True),
        fraction("up_prob_60", "as up_prob_20, over 60 sessions", True),
        count("effective_60", "as effective_20, over 60 sessions", True),
        Column("risk_score", "float64", "0..1", "risk of the asset", True),
        Column("rule_risk", "float64", "0..1", "risk by the original's rules alone", True),
        text("risk_level", "极高风险, 高风险, 中风险, 低风险, or empty when unknown"),
        text("risk_factors", "texts joined by ;"),
        text("strategies", "texts joined by ;"),
        text("combos", "matched combinations, e.g. 牛市确认 3/5, joined by ;"),
        fraction("target_weight", "share of the portfolio; 0 where not chosen"),
        SOURCE,
    ),
    key=("date", "asset"),
)

SCORE_BASIS = Table(
    "scoring",
    "basis",
    "how each day's columns were made independent: enough to do it again",
    (
        DATE,
        text("factor", "column"),
        count("position", "place in the order, from 1; 0 where dropped"),
        count("values", "available values in the sample"),
        points("mean", "mean of the sample"),
        points("std", "standard deviation of the sample"),
        Column("residual_std", "float64", "std", "of the residual before scaling", True),
        text(
            "coefficients", "JSON: factor -> coefficient of its residual, taken from z; symmetric: of its z, added up"
        ),
        text("dropped", "why the column was dropped; empty otherwise"),
        text("basis", "pooled or cross_section"),
        count("sessions", "sessions in the sample"),
        SOURCE,
    ),
    key=("date", "factor"),
)

SCORE_EVALUATION = Table(
    "scoring",
    "evaluation",
    "how factors, totals and bands did afterwards; only outcomes known on the date of the evaluation",
    (
        DATE,
        text("subject", "factor, total, raw_total, band or probability"),
        text("name", "which one, e.g. tech, 看多, up_prob_20"),
        count("horizon", "sessions"),
        text("measure", "rank_ic, hit_rate, mean_return, brier, brier_base, skill, calibration, predicted"),
        text(
            "bin",
            "decile of the probability, 01 to 10, for calibration (share that came) and predicted; empty otherwise",
        ),
        Column("value", "float64", "as measured", "the figure", True),
        Column("low", "float64", "as measured", "lower end of its interval", True),
        Column("high", "float64", "as measured", "upper end", True),
        count("n", "observations"),
        count("n_effective", "independent ones"),
        SOURCE,
    ),
    key=("date", "subject", "name", "horizon", "measure", "bin"),
)
