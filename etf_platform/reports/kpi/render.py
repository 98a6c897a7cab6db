"""Filling the two templates of the board. The same contents give the same bytes. Not here: what a cell says."""

import jinja2
from markupsafe import Markup

from etf_platform.core.states import State, worst
from etf_platform.reports.daily.render import template_environment
from etf_platform.reports.display import shown
from etf_platform.reports.kpi.contents import Board, Group


def render_board(board: Board) -> tuple[str, str]:
    """The board as (Markdown, HTML): one file each, without any outside resource.

    The first line of both says the state of the core metrics and which of them make it.
    """
    groups = board.groups
    state, why = _overall(groups)
    values = {
        "title": "KPI board",
        "groups": groups,
        "state": state.value,
        "why": why,
        "held": _held(groups),
        "states": [each.value for each in State],
        "counts": {each.value: sum(group.counts[each.value] for group in groups) for each in State},
        "simulated": board.is_simulated,
        "sources": board.sources,
        "as_of": shown(board.day),
        "config": board.config or "not recorded",
        "code": board.code or "not recorded",
    }
    markdown = _template("kpi.md.j2", html=False).render(**values)
    return markdown, _template("kpi.html.j2", html=True).render(drawn=Markup, shown=shown, **values)


def _template(name: str, html: bool) -> jinja2.Template:
    return template_environment(html=html).get_template(name)


def _held(groups: list[Group]) -> str:
    """What holds the strategies back, in one line: `A_SHARE breaker HALTED, freeze; QDII freeze`."""
    found = [(group.standing.strategy, group.standing.alerts) for group in groups if group.standing.alerts]
    return "; ".join(
        f"{strategy} {', '.join(name if name == 'freeze' else f'{name} {text}' for name, text in alerts.items())}"
        for strategy, alerts in found
    )


def _overall(groups: list[Group]) -> tuple[State, str]:
    if not groups:
        return State.BLOCKED, "no strategy has values yet"
    state = worst(group.state for group in groups)
    if state is State.PASS:
        return state, f"every core metric of {len(groups)} strategies passes"
    return state, "; ".join(f"{group.standing.strategy}: {group.why}" for group in groups if group.state is state)
