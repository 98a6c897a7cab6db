"""Small markets written by hand, a seeded random one, and the slow account that the engine must equal."""

import numpy as np
import pandas as pd
import pytest


def make_bars(closes, opens=None, prev=None, adj=None, volume=None):
    """Bars of symbol -> list of closes from Monday 2024-01-01 on; None is a missing bar; opens default to closes."""
    rows = []
    for symbol, series in closes.items():
        before = None
        for i, close in enumerate(series):
            if close is None:
                continue
            rows.append(
                {
                    "date": pd.Timestamp("2024-01-01") + pd.offsets.BDay(i),
                    "symbol": symbol,
                    "open": float((opens or {}).get(symbol, series)[i]),
                    "high": float(close),
                    "low": float(close),
                    "close": float(close),
                    "prev_close": (prev or {}).get((symbol, i), before if before is not None else np.nan),
                    "volume": float((volume or {}).get((symbol, i), 1e6)),
                    "amount": 1e6 * close,
                    "adj_factor": float((adj or {}).get(symbol, [1.0] * len(series))[i]),
                    "source": "simulated: by hand",
                }
            )
            before = float(close)
    return pd.DataFrame(rows).sort_values(["date", "symbol"], ignore_index=True)


def make_targets(decisions):
    """Target rows of session number -> {symbol: weight}."""
    rows = [
        {
            "date": pd.Timestamp("2024-01-01") + pd.offsets.BDay(i),
            "symbol": symbol,
            "target_weight": weight,
            "is_decision": True,
            "selection_void": False,
        }
        for i, weights in decisions.items()
        for symbol, weight in weights.items()
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def bars_of():
    return make_bars


@pytest.fixture
def targets_of():
    return make_targets


def random_market(n_sessions=500, n_symbols=20, seed=7):
    """A rough market: limit moves, halts, a fund that vanishes, late listings, splits and dividends."""
    rng = np.random.default_rng(seed)
    sessions = pd.bdate_range("2021-01-04", periods=n_sessions)
    frames = []
    for j in range(n_symbols):
        steps = rng.normal(0, 0.03, n_sessions).clip(-0.1, 0.1)
        steps[rng.random(n_sessions) < 0.03] = 0.1
        steps[rng.random(n_sessions) < 0.03] = -0.1
        close, reference, adj = np.empty(n_sessions), np.empty(n_sessions), np.ones(n_sessions)
        price, factor = float(np.round(rng.uniform(0.8, 5.0), 3)), 1.0
        for t in range(n_sessions):
            if rng.random() < 0.004:
                ratio = float(rng.choice([2.0, 1.02, 0.5]))
                factor, price = factor * ratio, round(price / ratio, 3)
            reference[t] = price
            price = max(0.05, float(np.round(price * (1 + steps[t]), 3)))
            close[t], adj[t] = price, factor
        opens = np.round(reference * (1 + rng.choice([0.0, 0.1, -0.1, 0.01], n_sessions, p=[0.5, 0.05, 0.05, 0.4])), 3)
        frame = pd.DataFrame({"date": sessions, "symbol": f"{510000 + 10 * j}.SH", "open": opens, "close": close})
        frame = frame.assign(
            high=close, low=close, prev_close=reference, adj_factor=adj, amount=1e6, source="simulated"
        )
        frame["volume"] = np.where(rng.random(n_sessions) < 0.01, 0.0, 1e5)
        first, last = (int(rng.integers(0, n_sessions // 2)) if j % 3 == 0 else 0), (350 if j == 4 else n_sessions)
        present = (np.arange(n_sessions) >= first) & (np.arange(n_sessions) < last) & (rng.random(n_sessions) > 0.02)
        frames.append(frame[present])
    return pd.concat(frames).sort_values(["date", "symbol"], ignore_index=True), sessions


def random_targets(bars, sessions, top_n=5, seed=3):
    """At every month end `top_n` of the funds with a bar, with uneven weights that sum to at most 1."""
    rng = np.random.default_rng(seed)
    ends = sessions[:-1][sessions[:-1].month != sessions[1:].month]
    rows = []
    for day in ends:
        present = sorted(bars.loc[bars["date"] == day, "symbol"])
        chosen = rng.choice(present, top_n, replace=False)
        weights = rng.dirichlet(np.ones(top_n)) * rng.choice([1.0, 0.9])
        rows += [
            {"date": day, "symbol": s, "target_weight": w, "is_decision": True, "selection_void": False}
            for s, w in zip(chosen, weights, strict=True)
        ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def rough():
    """(bars, targets, sessions) of the random market."""
    bars, sessions = random_market()
    return bars, random_targets(bars, sessions), sessions


@pytest.fixture(scope="session")
def slow_loop():
    return slow_account


def slow_account(targets, bars, terms):
    """The rules of the back-test as plain loops over dictionaries: (daily values, filled orders, refused orders)."""
    days = sorted(bars["date"].unique())
    bar = {(r.date, r.symbol): r for r in bars.itertuples()}
    decided = {
        day: {r.symbol: r.target_weight for r in rows.itertuples()}
        for day, rows in targets[targets["is_decision"]].groupby("date")
    }
    start = min(decided)
    field = "open" if terms.exec_mode == "next_open_close" else "close"
    cash, shares, pending, last_close, last_adj = terms.initial_capital, {}, {}, {}, {}
    values, filled, refused = [], [], []

    def lots(x):
        return np.floor(x / terms.lot + 1e-9) * terms.lot if terms.lot else x

    def limit(day, symbol, sign):
        row = bar[day, symbol]
        if symbol not in terms.limit_of or np.isnan(row.prev_close):
            return None
        basis = 10000 + sign * round(terms.limit_of[symbol] * 10000)
        return (round(row.prev_close * 1000) * basis + 5000) // 10000

    def blocked(day, symbol, side):
        if (day, symbol) not in bar or bar[day, symbol].volume == 0:
            return "no_trade"
        ticks = round(getattr(bar[day, symbol], field) * 1000)
        edge = limit(day, symbol, 1 if side == "buy" else -1)
        if edge is None:
            return None
        if side == "buy":
            return "limit_up" if ticks >= edge else None
        return "limit_down" if ticks <= edge else None

    def mark(day, symbol):
        return getattr(bar[day, symbol], field) if (day, symbol) in bar else last_close[symbol]

    for i, day in enumerate(days):
        if day < start:
            continue
        cost_today = 0.0
        for s in sorted(shares):
            if (day, s) in bar and bar[day, s].adj_factor != last_adj[s]:
                ratio = bar[day, s].adj_factor / last_adj[s]
                shares[s] *= ratio
                if s in pending:
                    pending[s] *= ratio
                last_adj[s] = bar[day, s].adj_factor
        weights = decided.get(days[i - 1]) if i and days[i - 1] >= start else None

        def sell(s, want, day=day):
            nonlocal cash, cost_today
            why = blocked(day, s, "sell")
            if why:
                refused.append((day, s, "sell", why))
                pending[s] = want
                return
            value = want * mark(day, s)
            cost = 0.0 if terms.original_compatible else value * terms.cost_of.get(s, terms.cost)
            cash += value - cost
            cost_today += cost
            shares[s] -= want
            if shares[s] <= 0:
                del shares[s]
            filled.append((day, s, "sell", want, mark(day, s), cost))

        if weights is None:
            for s, want in sorted(pending.items()):
                del pending[s]
                sell(s, want)
        else:
            pending.clear()
            total = cash + sum(n * mark(day, s) for s, n in sorted(shares.items()))
            for s in sorted(shares):
                w = weights.get(s, 0.0)
                gap = shares[s] * mark(day, s) - w * total
                if w == 0 or terms.original_compatible:
                    sell(s, shares[s])
                    if w > 0:
                        pending.pop(s, None)
                elif gap > 0 and gap >= terms.min_weight_change * total:
                    want = min(lots(gap / mark(day, s)), shares[s])
                    if want > 0:
                        sell(s, want)
                    else:
                        refused.append((day, s, "sell", "below_lot"))
            wanted = {}
            for s in sorted(weights):
                lack = weights[s] * total - (shares[s] * mark(day, s) if s in shares else 0.0)
                if weights[s] > 0 and lack > 0 and lack >= terms.min_weight_change * total:
                    why = blocked(day, s, "buy")
                    if why:
                        refused.append((day, s, "buy", why))
                    else:
                        wanted[s] = lack
            need = sum(v * (1 + terms.cost_of.get(s, terms.cost)) for s, v in wanted.items())
            scale = min(1.0, cash / need) if need else 1.0
            for s, lack in wanted.items():
                rate = 1 + terms.cost_of.get(s, terms.cost)
                bought = lots(scale * lack / mark(day, s))
                if bought * mark(day, s) * rate > cash:
                    bought = bought - terms.lot if terms.lot else cash / (mark(day, s) * rate)
                if bought <= 0:
                    refused.append((day, s, "buy", "no_cash" if lots(lack / mark(day, s)) > 0 else "below_lot"))
                    continue
                value = bought * mark(day, s)
                cash = max(0.0, cash - value * rate)
                cost_today += value * (rate - 1)
                shares[s] = shares.get(s, 0.0) + bought
                last_adj[s] = bar[day, s].adj_factor
                filled.append((day, s, "buy", bought, mark(day, s), value * (rate - 1)))
        for s in shares:
            if (day, s) in bar:
                last_close[s] = bar[day, s].close
        values.append((day, cash + sum(n * last_close[s] for s, n in shares.items()), cash, cost_today))
    return values, filled, refused
