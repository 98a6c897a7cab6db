"""One server and one browser window for all tests of the page."""

import os
from pathlib import Path

import pytest

from etf_platform_tests.resources.browser import open_browser
from etf_platform_tests.web.ui.driving import Person
from etf_platform_tests.web.ui.serving import served


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The small home, served on loopback."""
    with served(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture(scope="session")
def window():
    with open_browser((1440, 980)) as browser:
        yield browser


@pytest.fixture
def person(site, window) -> Person:
    """Somebody at the page; what the console said before is forgotten."""
    made = Person(window, site.url)
    made.complaints()
    return made


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Where pictures go: a folder of `ETF_PLATFORM_PICTURES`, or one that is thrown away."""
    return Path(os.environ.get("ETF_PLATFORM_PICTURES") or tmp_path)
