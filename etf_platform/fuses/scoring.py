"""Fuses on the scores of assets: factors cover them, totals differ, inputs keep coming, probabilities have skill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.states import State
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd

ENOUGH_SESSIONS = 12  # independent ones: 250 sessions hold 12 that are 20 apart


@fuse(guards="scoring/factor_scores", on_fail="warn", limit=0.2, scope="scored")
def factors_cover_the_assets(factor_scores: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Every factor is available for at least a fifth of the assets that it can exist for. Observed is the least share.

    A historical state that is rare has no probability: on recorded data of 2023 to 2025 the historical factor was
    there for 0.21 to 0.86 of the assets, on the median day for 0.55. Valuation is recorded for one index alone.
    """
    today = _on_the_day(factor_scores, context)
    shares = today[today["applicable"]].groupby("factor")["available"].mean()
    thin = [f"{name} {share:.0%}" for name, share in shares.items() if share < limit]
    details = {"coverage": {str(name): round(float(share), 4) for name, share in shares.items()}}
    reason = f"few assets have {', '.join(thin)}" if thin else ""
    return Reading(float(shares.min()), passed=not thin, reason=reason, details=details)


@fuse(guards="scoring/scores", on_fail="warn", limit=2 / 3, scope="scored")
def enough_assets_are_scored(asset_scores: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Two thirds of the assets have a total. Observed is the share; the reason names the others."""
    today = _on_the_day(asset_scores, context)
    without = today[today["total_score"].isna()]
    share = 1.0 - len(without) / len(today)
    told = {str(asset): str(reason) for asset, reason in zip(without["asset"], without["reason"], strict=True)}
    reason = f"no total for {', '.join(told)}" if share < limit else ""
    return Reading(share, passed=share >= limit, reason=reason, details={"without a total": told})


@fuse(guards="scoring/scores", on_fail="halt", limit=1.0, scope="scored")
def totals_differ(asset_scores: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Totals differ between assets. Observed is their standard deviation in points.

    The scalar synthesis of the original gave 58.33 to every asset; on recorded data of 2023 to 2025 the least deviation
    of a session was 5.9. With fewer than two totals there is nothing to compare: whether that is enough is told by
    `enough_assets_are_scored`.
    """
    totals = _on_the_day(asset_scores, context)["total_score"].dropna()
    if len(totals) < 2:
        return Reading(None, passed=True, details={"totals": len(totals)})
    spread = float(totals.std(ddof=0))
    reason = f"{len(totals)} totals between {totals.min():.2f} and {totals.max():.2f}" if spread < limit else ""
    return Reading(spread, passed=spread >= limit, reason=reason, details={"totals": len(totals)})


@fuse(guards="scoring/inputs", on_fail="warn", limit=0, scope="scored")
def inputs_keep_coming(asset_states: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """No input that once came has become too old to be used. Observed is the number of these inputs.

    What never came is no stale input, and neither is one that another stands in for (northbound flow after August
    2024). An input of several assets counts once.
    """
    today = _on_the_day(asset_states, context)
    old = today[(today["state"] == str(State.BLOCKED)) & today["as_of"].notna()]
    named = sorted({f"{row.asset} bars" if row.input == "bars" else str(row.input) for row in old.itertuples()})
    reasons = {f"{row.asset} {row.input}": str(row.reason) for row in old.itertuples()}
    return Reading(float(len(named)), passed=len(named) <= limit, reason=", ".join(named), details={"stale": reasons})


@fuse(guards="scoring/evaluation", on_fail="warn", limit=0.0, scope="scored")
def probabilities_have_skill(score_evaluation: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Probabilities of a rise were nearer to what came than the base rate was. Observed is the skill of 250 sessions.

    Skill is 1 - Brier score / Brier score of the base rate; with fewer than twelve independent sessions it is not
    judged, and that is a warning too: no skill has been shown.
    """
    today = _on_the_day(score_evaluation, context)
    rows = today[(today["measure"] == "skill") & (today["name"] == "up_prob_20")]
    independent = int(rows["n_effective"].sum())
    if rows.empty or independent < ENOUGH_SESSIONS or rows["value"].isna().all():
        told = f"{independent} independent sessions have an outcome; {ENOUGH_SESSIONS} are needed"
        return Reading(None, state=State.WARN, reason=told)
    row = rows.iloc[0]
    skill, low, high = float(row["value"]), float(row["low"]), float(row["high"])
    told = f"skill {skill:+.3f}, 80 % interval {low:+.3f} to {high:+.3f}"
    details = {"low": low, "high": high, "observations": int(row["n"]), "independent sessions": independent}
    return Reading(skill, passed=skill > limit, reason="" if skill > limit else told, details=details)


def _on_the_day(rows: pd.DataFrame, context: FuseContext) -> pd.DataFrame:
    """Rows of the last session up to the one that is judged; a moment after it may be no session of Shanghai."""
    as_of, sessions = context.need("as_of"), context.need("sessions")
    asked = sessions[sessions.searchsorted(as_of, side="right") - 1]
    last = rows["date"].max()
    if last != asked:
        raise InsufficientDataError(
            "judging scores", f"the last session is {last:%Y-%m-%d}, asked is {asked:%Y-%m-%d}", "run the job `scoring`"
        )
    return rows[rows["date"] == last]
