"""The gates of a release as blocking asset checks: data, consistency, metrics, drift of a strategy, and the sign-off.

They judge what is stored as verdicts already (tables and documents), so they are no fuses: a fuse would be required of
the evening's production snapshot, hours before operations judge the session. The same function decides a promotion
(`releasing.gates_of`). They stand on an asset after everything that is judged, so that a closed gate hides no figure.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from etf_platform.core.states import State
from etf_platform.orchestration.assets import asset_key, steps_of
from etf_platform.orchestration.failures import RETRY, translated
from etf_platform.orchestration.graph_operations import GATES, SIGN_OFF
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.windows import tagged_window

SENTENCES = {
    "data": "Every fuse that is judged of a session has passed or warned.",
    "consistency": "The account and the back-test of the same configuration and data agree, stage by stage.",
    "kpi": "Every core metric of the strategy has a value of the session and keeps its limit.",
    "drift": "No feature has drifted so far that exposure is cut or a retrain is due.",
}
SIGNED = "ready_for_close"
SIGNED_SENTENCE = "All automatic checks pass, and people have signed all items and roles of the week."
YOUNG = ("insufficient", "no_baseline")  # reasons that time cures: told as a warning, closed all the same


def build_gate_checks(platform: Platform) -> list[dg.AssetChecksDefinition]:
    """The checks of the gates of every pool, and of the sign-off of a week."""
    found = [(universe, step.address) for universe, step in steps_of(platform)]
    return [
        *(_gates(universe) for universe, address in found if address == GATES),
        *(_sign_off(universe) for universe, address in found if address == SIGN_OFF),
    ]


def severity_of(state: State, reason: str) -> dg.AssetCheckSeverity:
    """A warning for what time cures, else an error, which fails the run."""
    parts = reason.split("; ")
    is_young = state is State.BLOCKED and all(any(word in part for word in YOUNG) for part in parts)
    return dg.AssetCheckSeverity.WARN if is_young or state is State.WARN else dg.AssetCheckSeverity.ERROR


def _gates(pool: str) -> dg.AssetChecksDefinition:
    key = asset_key(GATES, pool)

    @dg.multi_asset_check(
        name="__".join([*key.path, "checks"]),
        description=f"The gates of a release of {pool}.",
        specs=[dg.AssetCheckSpec(name, asset=key, description=text, blocking=True) for name, text in SENTENCES.items()],
        can_subset=True,
        retry_policy=RETRY,
        required_resource_keys={"platform"},
    )
    def body(context) -> Iterator[dg.AssetCheckResult]:  # type: ignore[no-untyped-def]
        from etf_platform.orchestration.releasing import gates_of
        from etf_platform.orchestration.status import last_judged

        held: Platform = context.resources.platform
        with translated(context):
            session = tagged_window(context).end or last_judged(held, pool)
            gates = {} if session is None else gates_of(held, pool, session)
        if session is None:
            context.log.info(f"operations have never judged {pool}: there is nothing to show")
        for check in context.selected_asset_check_keys:
            if check.name in gates:
                yield _result(key, check.name, *gates[check.name], str(session))

    return body


def _sign_off(universe: str) -> dg.AssetChecksDefinition:
    key = asset_key(SIGN_OFF, universe)

    @dg.asset_check(
        asset=key, name=SIGNED, description=SIGNED_SENTENCE, blocking=True, required_resource_keys={"platform"}
    )
    def body(context) -> dg.AssetCheckResult:  # type: ignore[no-untyped-def]
        from etf_platform.orchestration.status import sign_off

        held: Platform = context.resources.platform
        with translated(context):
            week, state, reason = sign_off(held, _monday(context))
        return _result(key, SIGNED, state, reason, week)

    return body


def _monday(context: dg.AssetCheckExecutionContext) -> dt.date | None:
    return tagged_window(context.op_execution_context).start


def _result(key: dg.AssetKey, name: str, state: State, reason: str, about: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=state is State.PASS,
        asset_key=key,
        check_name=name,
        severity=severity_of(state, reason),
        description=reason or None,
        metadata={"state": str(state), "about": about, "on fail": "releases do not rise"},
    )
