"""Tables of the layer `risk`."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, count, flag, fraction, money, text

_SERIES = text("series", "what the returns are of: a strategy (`rotation`, `EMA_trend_v3:QQQ.US`) or a symbol held")
_METHOD = text("method", "historical, parametric, cornish_fisher, filtered_historical, evt_pot or monte_carlo")
_LEVEL = fraction("level", "confidence level, e.g. 0.99")

FORECASTS = Table(
    "risk",
    "forecasts",
    "VaR and ES forecasts, stored before the session they are for",
    (
        DATE,
        Column("for_date", "date", "session", "the next session, which the forecast is for"),
        _SERIES,
        _METHOD,
        _LEVEL,
        fraction(
            "var",
            "value at risk, a positive loss; null with too few observations, or where a method is undefined",
            True,
        ),
        fraction("es", "expected shortfall, a positive loss; null as above", True),
        fraction("sigma", "standard deviation the method uses for the next session", True),
        count("n_observations", "returns in the window"),
        SOURCE,
    ),
    key=("date", "series", "method", "level"),
)

EXCEPTIONS = Table(
    "risk",
    "exceptions",
    "every forecast against what then happened",
    (
        DATE,
        _SERIES,
        _METHOD,
        _LEVEL,
        Column("forecast_date", "date", "session", "close the forecast knew"),
        fraction("return", "return of the session"),
        fraction("var", "forecast value at risk, a positive loss"),
        fraction("es", "forecast expected shortfall, a positive loss"),
        fraction("sigma", "standard deviation that was forecast"),
        flag("is_breach", "return < -var"),
        SOURCE,
    ),
    key=("date", "series", "method", "level"),
)

COVERAGE = Table(
    "risk",
    "coverage",
    "exception tests per series, method and level over the test window",
    (
        _SERIES,
        _METHOD,
        _LEVEL,
        Column("first_date", "date", "session", "first session tested", True),
        Column("last_date", "date", "session", "last session tested", True),
        count("n_forecasts", "sessions tested"),
        count("n_breaches", "sessions with a breach"),
        Column("expected", "float64", "count", "breaches to be expected"),
        Column("kupiec", "float64", "likelihood ratio", "proportion of failures; reject above 3.841", True),
        Column("kupiec_p", "float64", "probability", "its p-value", True),
        Column("tuff", "float64", "likelihood ratio", "time until first failure; reject above 3.841", True),
        Column("independence", "float64", "likelihood ratio", "Christoffersen independence; reject above 3.841", True),
        Column(
            "conditional",
            "float64",
            "likelihood ratio",
            "Christoffersen conditional coverage; reject above 5.991",
            True,
        ),
        text("light", "green, yellow or red; empty when there are too few forecasts"),
        Column("z1", "float64", "statistic", "Acerbi-Szekely Z1; null without a breach", True),
        Column("z2", "float64", "statistic", "Acerbi-Szekely Z2; negative is an ES too small", True),
        Column("z2_p", "float64", "probability", "simulated p-value of Z2", True),
        Column(
            "mcneil_frey_p", "float64", "probability", "one-sided bootstrap p-value of the residuals beyond VaR", True
        ),
        text("clusters", "sessions of breaches that follow another within five sessions; empty when none"),
        fraction("worst", "worst return of a breach; null without one", True),
        Column("worst_date", "date", "session", "its session", True),
        text("status", "PASS, WARN, FAIL or BLOCKED"),
        text("reason", "why it is not PASS; empty otherwise"),
        text("action", "none, review within one business day, or freeze"),
        flag("is_governing", "whether the fuse judges this method and level; the others stand beside it"),
        SOURCE,
    ),
    key=("series", "method", "level"),
    range_column=None,
)

FILL_ATTRIBUTION = Table(
    "risk",
    "fill_attribution",
    "what the fills of a day earned and cost; the parts sum to the net result",
    (
        DATE,
        text("strategy", "whose fills"),
        SYMBOL,
        text("sector", "sector of the instrument; empty when unknown"),
        text("horizon", "when the mid after the fill is taken: close, next_bar, or seconds such as 10s"),
        count("n_fills", "fills of the day"),
        count("n_unmatched", "fills without a mid; their result is in `residual`"),
        money("spread_capture", "signed distance of fill price and mid, positive is earned"),
        money("adverse_selection_cost", "move of the mid after the fill against it; negative hurts"),
        money("inventory_cost", "result of holding"),
        money("hedging_cost", "result of the hedge leg net of its costs; 0 without one"),
        money("fees", "minus commissions and taxes"),
        money("residual", "net result minus the parts"),
        money("net_pnl", "net result"),
        money("delay", "memo: decision price against the mid at the fill; not part of the sum", True),
        text("reason", "`no_hedge` without a hedge leg, `unmatched` with a fill without a mid; empty otherwise"),
        SOURCE,
    ),
    key=("date", "strategy", "symbol", "horizon"),
    range_column=None,
)

BRINSON = Table(
    "risk",
    "brinson",
    "Brinson-Fachler attribution per day and group; the linked effects sum to the active return of the whole span",
    (
        DATE,
        text(
            "group", "sector, pool or asset class; `cash`; `trading`: fills inside the session and costs, in selection"
        ),
        fraction("portfolio_weight", "weight in the account at the close before"),
        fraction("benchmark_weight", "weight in the benchmark at the close before"),
        fraction("portfolio_return", "return of the account's holdings in the group; the benchmark's without one"),
        fraction("benchmark_return", "return of the benchmark's holdings in the group; the account's without one"),
        fraction("allocation", "(wp - wb) * (rb of the group - rb)"),
        fraction("selection", "wb * (rp - rb of the group)"),
        fraction("interaction", "(wp - wb) * (rp - rb of the group)"),
        fraction("linked_allocation", "allocation times the day's linking coefficient"),
        fraction("linked_selection", "selection times the day's linking coefficient"),
        fraction("linked_interaction", "interaction times the day's linking coefficient"),
        SOURCE,
    ),
    key=("date", "group"),
    range_column=None,
)

FACTOR_ATTRIBUTION = Table(
    "risk",
    "factor_attribution",
    "active return of the account by factor exposure times factor return",
    (
        DATE,
        text("factor", "panel column, `market` (the intercept), `residual`, or `total`"),
        Column(
            "exposure",
            "float64",
            "standard deviations",
            "active exposure at the close before; null for residual and total",
            True,
        ),
        fraction("factor_return", "cross-sectional return per standard deviation; null for residual and total", True),
        fraction(
            "contribution", "exposure * factor_return; contributions and residual sum to `total`; null: reason", True
        ),
        fraction("coverage", "share of the funds with a value of the factor at the close before; null otherwise", True),
        text("reason", "`insufficient`: fewer funds than factors + 2; empty otherwise"),
        SOURCE,
    ),
    key=("date", "factor"),
    range_column=None,
)
