"""The week's result of every running account by parts, with what could not be attributed.

Parts and residual sum to the change of the account's value; a fill without a mid, a session without an account row and
a result that no fill explains are listed. Not here: the parts of a fill (`fill_parts`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged, overall, said_of
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.fill_parts import ACCOUNT, CENT, Parts
from etf_platform.measures.attribution import FILL_PARTS, attribution_coverage

NAME = "pnl_attribution"
Missing = tuple[str, str, str]  # session or empty, symbol or empty, reason


def build(
    parts: Mapping[str, Parts],
    known: Mapping[str, Sequence[dt.date]],
    errors: Mapping[str, str],
    min_coverage: float,
    about: About,
) -> Artefact:
    """The attribution of a week.

    Parameters
    ----------
    parts : mapping of strategy to Parts
        Of the sessions of the week; a strategy that could not be attributed is left out.
    known : mapping of every active strategy to sessions
        Sessions of the week with a row of the account.
    errors : mapping of strategy to str
        Why its tables could not be attributed.
    min_coverage : float
        Least share of the result that the parts explain.
    about : About
    """
    rows = [_row(strategy, parts[strategy], min_coverage) for strategy in known if strategy in parts]
    missing = [entry for strategy in known for entry in _missing(strategy, parts.get(strategy), known[strategy], about)]
    lacking = {entry["strategy"] for entry in missing}
    body = {
        "as_of": str(about.last or ""),
        "summary": {
            "strategies": len(known),
            "fully_populated": sum(row["strategy"] not in lacking for row in rows),
            "missing_entries": len(missing),
            "parse_errors": len(errors),
        },
        "attribution": rows,
        "missing_entries": missing,
        "parse_errors": [{"strategy": name, "error": error} for name, error in errors.items()],
    }
    return about.artefact(NAME, _judged(rows, missing, errors, known, min_coverage), body)


def _judged(
    rows: Sequence[Mapping[str, Any]],
    missing: Sequence[Mapping[str, str]],
    errors: Mapping[str, str],
    known: Mapping[str, Sequence[dt.date]],
    min_coverage: float,
) -> Judged:
    parts: list[Judged] = [(State.BLOCKED, f"{name}: {error}") for name, error in errors.items()]
    if not known:
        parts.append((State.BLOCKED, "missing: no active strategy"))
    absent = said_of((m["strategy"], m["reason"]) for m in missing if not m["symbol"])
    parts += [(State.BLOCKED, text) for text in absent]
    parts += [(State.WARN, f"{m['strategy']}: {m['symbol']} {m['reason']}") for m in missing if m["symbol"]]
    thin = [row for row in rows if row["coverage"] < min_coverage]
    parts += [(State.FAIL, f"{row['strategy']}: coverage {row['coverage']:.4f} < {min_coverage:g}") for row in thin]
    return overall(parts)


def _row(strategy: str, parts: Parts, min_coverage: float) -> dict[str, Any]:
    rows = parts.rows
    sums = {name: float(rows[name].sum()) for name in (*FILL_PARTS, "residual", "net_pnl")}
    gross = np.array([float(np.abs(rows[list(FILL_PARTS)].to_numpy(np.float64)).sum())])
    covered = attribution_coverage(gross, np.array(float(rows["residual"].abs().sum())))
    explained = sum(sums[name] for name in FILL_PARTS) + sums["residual"]
    told = rows["delay"].dropna()
    return {
        "strategy": strategy,
        "n_fills": int(rows["n_fills"].sum()),
        "n_unmatched": int(rows["n_unmatched"].sum()),
        **{name: round(value, 6) + 0.0 for name, value in sums.items()},
        "nav_change": round(parts.change, 6),
        "closes": bool(abs(explained - parts.change) < CENT and abs(sums["net_pnl"] - parts.change) < CENT),
        "coverage": round(float(covered), 9),
        "delay": round(float(told.sum()), 6) if len(told) else None,
        "reasons": sorted({word for text in rows["reason"] for word in str(text).split(", ") if word}),
        "source": ", ".join(sorted(set(rows["source"]))),
        "is_covered": bool(covered >= min_coverage),
    }


def _missing(strategy: str, parts: Parts | None, known: Sequence[dt.date], about: About) -> list[dict[str, str]]:
    found: list[Missing] = [(str(day), "", "missing: no account row") for day in about.sessions if day not in known]
    if parts is not None:
        lost = parts.unmatched
        found += [
            (f"{r.date:%Y-%m-%d}", str(r.symbol), f"no mid for {r.side} {r.quantity:g}") for r in lost.itertuples()
        ]
        gaps = parts.rows[parts.rows["symbol"] == ACCOUNT]
        found += [
            (f"{r.date:%Y-%m-%d}", ACCOUNT, f"{r.residual:.2f} CNY that no fill explains") for r in gaps.itertuples()
        ]
    return [{"strategy": strategy, "session": day, "symbol": symbol, "reason": why} for day, symbol, why in found]
