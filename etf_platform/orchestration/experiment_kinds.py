"""What each kind of experiment does: parameters in, findings out, nothing written.

A kind reads tables through the platform that it is handed, which pins their versions, and is a function of these, of
the configuration and of its parameters. Not here: registering and doing again (`experiments`, `reproduction`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.units.event import canonical
from etf_platform.orchestration.platform import Platform

Advance = Callable[[float, str], None]  # finished share, and what is being done


@dataclass(frozen=True, eq=False)
class Findings:
    """What an experiment found.

    Attributes
    ----------
    value : object
        For whoever asked: frames, accounts.
    strategy_id : str
    start, end : Timestamp or None
        Days that were used.
    in_sample, out_of_sample : mapping of str to float
        Main figures; what chose the parameters, and what did not.
    n_trials : int
        Parameter sets that were tried.
    artifacts : mapping of str to bytes
        File name -> content: everything that has to be the same when it is done again.
    seed : int
        Of what is random in it.
    ratios : sequence of float
        Annual Sharpe ratio of every parameter set that was tried, as far as it is defined.
    """

    value: Any
    strategy_id: str
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    in_sample: Mapping[str, float] = field(default_factory=dict)
    out_of_sample: Mapping[str, float] = field(default_factory=dict)
    n_trials: int = 1
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    seed: int = 0
    ratios: Sequence[float] = ()

    @property
    def metrics(self) -> dict[str, Any]:
        """As the registry keeps them; figures that are not defined are null."""
        return {
            "in_sample": plain(self.in_sample),
            "out_of_sample": plain(self.out_of_sample),
            "n_trials": int(self.n_trials),
            "trial_sharpes": spread(self.ratios),
        }


Perform = Callable[[Platform, Mapping[str, Any], Advance], Findings]


def perform(platform: Platform, kind: str, params: Mapping[str, Any], advance: Advance) -> Findings:
    """Do an experiment.

    Raises
    ------
    BadInputError
        There is no such kind. What else may go wrong stands with what the kind calls.
    """
    if kind not in PERFORM:
        raise BadInputError(
            f"doing an experiment of kind {kind!r}", "the platform cannot do these", f"use one of {', '.join(PERFORM)}"
        )
    return PERFORM[kind](platform, params, advance)


def spread(ratios: Sequence[float]) -> dict[str, Any]:
    """Number, mean and variance (ddof 0) of the defined ratios: enough to pool them with those of other experiments."""
    known = np.array([ratio for ratio in ratios if isfinite(ratio)], dtype=np.float64)
    if known.size == 0:
        return {"n": 0, "mean": None, "variance": None}
    return {"n": int(known.size), "mean": float(known.mean()), "variance": float(known.var())}


def plain(value: Any) -> Any:
    """The same as JSON values: numbers that are not finite as None, NumPy's as Python's."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and not isfinite(number) else number


def document(value: Any) -> bytes:
    """Canonical JSON."""
    return canonical(plain(value)).encode()


def csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV; floats with all their digits."""
    return frame.to_csv(index=False).encode()


def _rotation_backtest(platform: Platform, params: Mapping[str, Any], advance: Advance) -> Findings:
    from etf_platform.orchestration.rotations import rotated

    tried = (int(params["n_trials"]), float(params["trials_variance"])) if params.get("n_trials") else None
    done = rotated(platform, params["pool"], params.get("exec_mode"), _day(params, "out_of_sample_from"), tried)
    frames = {"equity": done.account.equity, "fills": done.account.fills, "rebalances": done.account.rebalances}
    return Findings(
        value=done,
        strategy_id=f"rotation:{params['pool']}",
        start=done.account.equity["date"].min(),
        end=done.account.equity["date"].max(),
        in_sample=done.in_sample,
        out_of_sample=done.out_of_sample,
        ratios=(done.in_sample["sharpe"],),
        artifacts={"figures.json": document(done.figures)}
        | {f"{name}.csv": csv(frame) for name, frame in (*frames.items(), ("months", done.months))},
    )


def _rotation_sweep(platform: Platform, params: Mapping[str, Any], advance: Advance) -> Findings:
    from etf_platform.orchestration.steps.sweeps import grid_from, heat_map, swept_pool

    grid = grid_from(params["grid"])
    bars, results = swept_pool(platform, params["pool"], grid, params["exec_mode"], _counting(advance))
    best = results[results["is_best"]].iloc[0]
    chart = heat_map(results)
    return Findings(
        value=results,
        strategy_id=f"rotation:{params['pool']}",
        start=bars["date"].min(),
        end=bars["date"].max(),
        in_sample=_best(best),
        n_trials=len(results),
        ratios=results["sharpe"].tolist(),
        artifacts={"results.csv": csv(results)} | ({"heat_map.png": chart} if chart else {}),
    )


def _rotation_retrain(platform: Platform, params: Mapping[str, Any], advance: Advance) -> Findings:
    from etf_platform.orchestration.refits import HOLDOUT, Question, refit

    asked = Question(params["pool"], date.fromisoformat(params["as_of"]), int(params.get("holdout", HOLDOUT)))
    fit = refit(platform, asked)
    before, after = fit.in_force, fit.refitted
    return Findings(
        value=fit,
        strategy_id=f"rotation:{params['pool']}",
        start=fit.start,
        end=fit.end,
        in_sample={"sharpe": after.sharpe_in_sample, "sharpe_in_force": before.sharpe_in_sample},
        out_of_sample={
            "sharpe": after.sharpe_out_of_sample,
            "sharpe_in_force": before.sharpe_out_of_sample,
            "sharpe_simple": after.simple,
        },
        n_trials=len(fit.judged),
        ratios=(after.sharpe_in_sample, before.sharpe_in_sample),
        artifacts={
            "model.json": document(after.record),
            "in_force.json": document(before.record),
            "factors.csv": csv(fit.judged),
            "equity.csv": csv(after.account.equity),
        },
    )


def _trend_backtest(platform: Platform, params: Mapping[str, Any], advance: Advance) -> Findings:
    from etf_platform.orchestration.trends import backtested

    terms = platform.config.strategies.trend.backtest
    done = backtested(platform, params["strategy"], params["symbol"], *_span(params), terms)
    seen, unseen = (_trend_figures(done.metrics, done.task.variant, s) for s in ("in_sample", "holdout"))
    return Findings(
        value=done,
        strategy_id=f"{params['strategy']}:{params['symbol']}",
        start=done.own.equity["date"].min(),
        end=done.own.equity["date"].max(),
        in_sample=seen or _trend_figures(done.metrics, done.task.variant, "full"),
        out_of_sample=unseen,
        n_trials=len(done.accounts),
        ratios=_ratios(done.metrics),
        artifacts={
            "metrics.csv": csv(done.metrics),
            "equity.csv": csv(pd.concat([a.equity for a in done.accounts.values()], ignore_index=True)),
            "trades.csv": csv(pd.concat([a.trades for a in done.accounts.values()], ignore_index=True)),
        },
    )


def _trend_sweep(platform: Platform, params: Mapping[str, Any], advance: Advance) -> Findings:
    from etf_platform.orchestration.trends import swept, symbol_bars

    asked = (params["strategy"], params["symbol"], params["grid"])
    results = swept(platform, *asked, *_span(params), _counting(advance))
    bars, _ = symbol_bars(platform, params["symbol"], *_span(params))
    best = results.sort_values("sharpe", ascending=False, kind="stable").iloc[0]
    return Findings(
        value=results,
        strategy_id=f"{params['strategy']}:{params['symbol']}",
        start=bars["date"].min(),
        end=bars["date"].max(),
        in_sample=_best(best),
        n_trials=int(best["n_trials"]),
        ratios=results["sharpe"].tolist(),
        artifacts={"results.csv": csv(results)},
    )


def _trend_walk_forward(platform: Platform, params: Mapping[str, Any], advance: Advance) -> Findings:
    from etf_platform.orchestration.trends import walked_forward, windows_of

    windows = windows_of(params["windows"], bool(params["anchored"]))
    done = walked_forward(platform, params["strategy"], params["symbol"], params["grid"], windows, *_span(params))
    return Findings(
        value=done,
        strategy_id=f"{params['strategy']}:{params['symbol']}",
        start=done.windows["train_start"].min(),
        end=done.account.equity["date"].max(),
        in_sample={"sharpe": done.sharpe_in_sample},
        out_of_sample={"sharpe": done.sharpe_out_of_sample},
        n_trials=done.trials.n,
        artifacts={
            "windows.csv": csv(done.windows),
            "equity.csv": csv(done.account.equity),
            "trades.csv": csv(done.account.trades),
        },
    )


def _event_backtest(platform: Platform, params: Mapping[str, Any], advance: Advance) -> Findings:
    from etf_platform.backtest.events.terms import terms_of
    from etf_platform.orchestration.tracking.backtests import run_backtest

    result = run_backtest(platform, params, advance)
    days = pd.to_datetime(pd.Series([row["date"] for row in result["signals"]], dtype="object"))
    known = {name: result[name] for name in ("mean_net", "mean_extra", "win_rate", "n_trades", "n_days")}
    return Findings(
        value=result,
        strategy_id=f"arbitrage:{platform.config.arbitrage.stocks}",
        start=days.min() if len(days) else None,
        end=days.max() if len(days) else None,
        out_of_sample=known,  # no parameter was fitted to these days
        artifacts={"result.json": document(result)},
        seed=terms_of(platform.config.arbitrage, {}).seed,
    )


def _trend_figures(metrics: pd.DataFrame, variant: str, sample: str) -> dict[str, float]:
    mine = metrics[
        (metrics["variant"] == variant) & (metrics["account"] == "strategy") & (metrics["sample"] == sample)
    ].set_index("metric")["value"]
    return {name: mine[name] for name in ("sharpe", "annual_return", "max_drawdown", "exposure") if name in mine}


def _ratios(metrics: pd.DataFrame) -> list[float]:
    """Of every variant, over what it was chosen on: the in-sample part, or everything where there is none."""
    mine = metrics[(metrics["account"] == "strategy") & (metrics["metric"] == "sharpe")]
    seen = mine[mine["sample"] == "in_sample"]
    return (seen if len(seen) else mine[mine["sample"] == "full"])["value"].tolist()


def _best(row: pd.Series) -> dict[str, float]:
    return {name: float(row[name]) for name in ("sharpe", "deflated_sharpe", "annual_return", "max_drawdown")}


def _counting(advance: Advance) -> Callable[[int, int], None]:
    return lambda done, of: advance(done / of, f"{done} of {of}")


def _day(params: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(params[name]) if params.get(name) else None


def _span(params: Mapping[str, Any]) -> tuple[date | None, date | None]:
    return _day(params, "start"), _day(params, "end")


PERFORM: Mapping[str, Perform] = {
    "rotation_backtest": _rotation_backtest,
    "rotation_sweep": _rotation_sweep,
    "rotation_retrain": _rotation_retrain,
    "trend_backtest": _trend_backtest,
    "trend_sweep": _trend_sweep,
    "trend_walk_forward": _trend_walk_forward,
    "event_backtest": _event_backtest,
}
