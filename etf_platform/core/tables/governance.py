"""Tables of the running account, of its comparison with the back-test, and of drift."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, count, flag, fraction, money, price, text

PAPER_DECISIONS = Table(
    "paper",
    "decisions",
    "what was decided at each close, as it was decided; never rewritten",
    (
        DATE,
        SYMBOL,
        text("release_id", "release in force; empty before the first"),
        fraction("target", "weight of the strategy"),
        fraction("weight", "weight after stage, breaker and drift: what the account goes for"),
        price("close", "close that was known"),
        Column("score", "float64", "score", "score that was known", True),
        flag("is_decision", "the strategy decided on this day; otherwise it keeps"),
        text(
            "bar", "JSON: open, high, low, close, prev_close, volume, adj_factor that were known; empty without a bar"
        ),
        text("features", "JSON: scored factor -> value that was known"),
        text("inputs", "JSON: table address -> version that was read"),
        text("config", "digest of the configuration"),
        text("code", "commit"),
        Column("decided_at", "timestamp", "UTC", "moment of the decision"),
        SOURCE,
    ),
    key=("date", "symbol"),
)

PAPER_FILLS = Table(
    "paper",
    "fills",
    "every order of the running account and what became of it; modelled, or imported as it happened",
    (
        DATE,
        SYMBOL,
        text("order_id", "names the order for ever"),
        Column("decision_date", "date", "session", "session whose close the order knows"),
        text("side", "buy or sell"),
        Column("ordered", "float64", "shares", "shares asked for"),
        Column("shares", "float64", "shares", "shares filled; 0 when not filled"),
        price("price", "fill price before costs; null when not filled", True),
        money("value", "shares * price"),
        money("cost", "commission and slippage"),
        text("status", "filled, limit_up, limit_down, no_trade, no_cash or below_lot"),
        text("origin", "modelled, or the file that it was imported from"),
        SOURCE,
    ),
    key=("date", "order_id"),
)

PAPER_ACCOUNT = Table(
    "paper",
    "account",
    "value of the running account at every close",
    (
        DATE,
        money("nav", "cash + holdings at the close"),
        money("cash", "cash after all trades"),
        money("holdings", "shares at the close; a fund without a bar at its last close"),
        money("cost", "paid on the day"),
        fraction("exposure", "multiplier of stage, breaker and drift on the day"),
        count("n_positions", "funds held"),
        count("n_stale", "funds valued at an older close"),
        text("positions", "JSON: symbol -> shares at the close"),
        text("marks", "JSON: symbol -> close and adj_factor at which its shares are valued"),
        SOURCE,
    ),
    key=("date",),
)

PAPER_RELEASES = Table(
    "paper",
    "releases",
    "shadow account of every release in force: its own targets alone, filled with the rules of the account",
    (
        DATE,
        text("release_id", "release"),
        text("config", "digest of the configuration that decided for it"),
        fraction("share", "of the full exposure on the day; 0 for modelled days before it was in force"),
        money("nav", "value at the close"),
        fraction("daily_return", "of the day; null until the shadow is invested", True),
        money("cash", "cash after all trades; null on modelled days", True),
        money("cost", "paid on the day"),
        count("age", "sessions since the shadow started"),
        text("targets", "JSON: symbol -> weight in force after the close"),
        flag("is_decision", "the weights were decided at this close"),
        text("positions", "JSON: symbol -> shares at the close"),
        text("marks", "JSON: symbol -> close and adj_factor at which its shares are valued"),
        text("pending", "JSON: symbol -> shares of a failed sale, and the session of its decision"),
        text("origin", "shadow, or backtest: a modelled day before the release was in force"),
        SOURCE,
    ),
    key=("date", "release_id"),
)

CONSISTENCY = Table(
    "governance",
    "consistency",
    "online against offline, stage by stage: the account against the back-test of the same configuration and data",
    (
        DATE,
        text("stage", "data, feature, signal, weight, order, fill or return"),
        text("measure", "what is compared"),
        Column("value", "float64", "see measure", "difference", True),
        Column("limit", "float64", "see measure", "largest allowed (smallest for signal_jaccard)"),
        text("state", "PASS, FAIL or BLOCKED"),
        text("reason", "why it is not PASS; empty otherwise"),
        flag("is_first", "the first diverging stage of the day"),
        text("examples", "JSON: rows that differ most"),
        text("config", "digest of the configuration"),
        text("data_version", "JSON: table address -> version"),
        SOURCE,
    ),
    key=("date", "stage", "measure"),
)

DRIFT = Table(
    "drift",
    "features",
    "recent distribution of each feature against its baseline",
    (
        DATE,
        text("feature", "e.g. volatility_20, amount_to_adv, turnover, premium, null_rate, row_count"),
        count("baseline_n", "observations of the baseline"),
        count("recent_n", "recent observations"),
        Column("psi", "float64", "PSI", "population stability index", True),
        Column("psi_null", "float64", "PSI", "quantile of its block-bootstrap null", True),
        Column("ks", "float64", "D", "two-sample Kolmogorov-Smirnov", True),
        Column("ks_p", "float64", "probability", "by block permutation", True),
        Column("ks_q", "float64", "probability", "after Benjamini-Hochberg over the features of the day", True),
        Column("wasserstein", "float64", "baseline std", "Wasserstein-1 / baseline standard deviation", True),
        Column(
            "wasserstein_null",
            "float64",
            "baseline std",
            "of the null draw that is `psi_null`; decides where PSI ties",
            True,
        ),
        text("level", "stable, alert, major, or unknown"),
        text("state", "PASS, WARN, FAIL or BLOCKED"),
        text("stage", "NORMAL, ALERT, DEGRADE or RETRAIN after the day"),
        text("reason", "why; empty when stable"),
        SOURCE,
    ),
    key=("date", "feature"),
)

KPI_VALUES = Table(
    "kpi",
    "values",
    "every registered metric of every strategy, daily or weekly, with baseline, trend and status",
    (
        DATE,
        text("strategy", "pool, portfolio, or name of an imported strategy"),
        text("kpi", "key in the registry"),
        text("period", "day or week"),
        Column("value", "float64", "see registry", "value", True),
        Column("baseline", "float64", "see registry", "the same metric over the baseline", True),
        text("trend", "up, down, flat, or unknown"),
        Column("warn", "float64", "see registry", "warning threshold", True),
        Column("major", "float64", "see registry", "major threshold", True),
        text("status", "PASS, WARN, FAIL or BLOCKED"),
        text("reason", "why it is not PASS: missing, stale, insufficient, no_baseline, ..."),
        Column("as_of", "date", "date", "date of the newest input", True),
        text("experiment_id", "experiment of the release in force; empty without one"),
        text("config", "digest of the configuration"),
        text("data_version", "JSON: table address -> version"),
        count("registry_version", "version of the metric's record"),
        SOURCE,
    ),
    key=("date", "strategy", "kpi", "period"),
)
