"""Fixtures of the live sources: recorded replies by name. `--hypothesis-profile=fuzz` runs the long fuzz."""

import pytest
from hypothesis import HealthCheck, settings

from etf_platform_tests.resources.live_cases import Case, handmade_cases, recorded_cases

settings.register_profile("fuzz", max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session")
def recorded(shared):
    """Recorded cases by name."""
    return {case.name: case for case in recorded_cases(shared("wire"))}


@pytest.fixture(scope="session")
def cases(recorded) -> dict[str, Case]:
    """Recorded and hand-made cases by name."""
    return recorded | {case.name: case for case in handmade_cases()}
