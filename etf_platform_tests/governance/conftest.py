"""People of the tests, each with a secret, and the configuration that knows their verifiers."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from etf_platform.core.config.governance import FailSafeRule, GovernanceConfig, Person
from etf_platform.core.secrets import IN_DAGSTER, SIGN_SECRET
from etf_platform.core.units.event import Event
from etf_platform.core.workspace import packaged_config
from etf_platform.governance import people
from etf_platform.storage.opsdb import open_ops
from etf_platform_tests.resources.command import invoke

SECRETS = {
    "Li Wei": "seven quiet rivers flow",
    "Chen Yu": "copper lamps over harbour",
    "Zhao Min": "a field of winter barley",
    "Sun Hao": "one person, every role",
}
ROLES = {
    "Li Wei": ("research",),
    "Chen Yu": ("engineering", "research"),
    "Zhao Min": ("risk",),
    "Sun Hao": ("research", "engineering", "risk", "product"),
}
RULES = (
    FailSafeRule(
        rule_id="major_risk",
        metric="major_risk",
        op=">=",
        threshold=1,
        window_days=2,
        consecutive=2,
        action="freeze",
        severity="critical",
    ),
    FailSafeRule(
        rule_id="live_deviation",
        metric="live_deviation_bps",
        op=">",
        threshold=300,
        window_days=1,
        consecutive=1,
        action="degrade",
        severity="error",
    ),
    FailSafeRule(
        rule_id="drift_retrain",
        metric="drift_alarm",
        op=">=",
        threshold=1,
        window_days=3,
        consecutive=3,
        action="retrain",
        severity="error",
    ),
)


@dataclass(frozen=True)
class Staff:
    """The configuration, and the hands of the people in it."""

    config: GovernanceConfig

    def seal(self, event: Event) -> Event:
        """The event sealed with its author's own secret."""
        return people.sealed(self.config, event, SECRETS[event.by])


@pytest.fixture(scope="session")
def staff() -> Staff:
    known = {
        name: Person(roles=ROLES[name], verifier=people.new_verifier(secret, salt=bytes(16), cost=10))
        for name, secret in SECRETS.items()
    }
    return Staff(GovernanceConfig(people=known, fail_safe=RULES))


@pytest.fixture
def ops(tmp_path) -> sa.Engine:
    return open_ops(f"sqlite:///{tmp_path}/ops.db")


@pytest.fixture
def event() -> Callable[..., Event]:
    """An event with defaults: the system writes a decision about r1."""

    def make(
        key: str = "k1", kind: str = "decision.made", subject: str = "r1", by: str = "system:test", **rest
    ) -> Event:
        return Event(key, kind, subject, by, rest.pop("payload", {"reason": "because"}), **rest)

    return make


@pytest.fixture
def gov(tmp_path, monkeypatch):
    """Calls `gov` on a new home whose configuration knows the people of the tests; `secret` is the shell's."""
    config = tmp_path / "configs"
    config.mkdir()
    for file in packaged_config().glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        if file.name == "governance.yaml":
            known = [
                f"  {name}: {{roles: [{', '.join(ROLES[name])}], verifier: {people.new_verifier(secret, cost=10)}}}"
                for name, secret in SECRETS.items()
            ]
            text = "\n".join("people:" if line.startswith("people:") else line for line in text.splitlines())
            text = text.replace("people:", "\n".join(["people:", *known]), 1)
        (config / file.name).write_text(text, encoding="utf-8")
    monkeypatch.delenv(IN_DAGSTER, raising=False)

    def call(*words: str, secret: str = "", day: str | None = "2024-10-08"):
        monkeypatch.setenv(SIGN_SECRET, secret)
        dated = ["--date", day] if day else []
        return invoke(["gov", *words, *dated, "--home", tmp_path / "home", "--config", config])

    call.ops = lambda: open_ops(f"sqlite:///{tmp_path}/home/ops.db")
    return call
