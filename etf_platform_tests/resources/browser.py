"""Headless Chromium through chromedriver's wire protocol: open a page, wait for a text, take a picture."""

import base64
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from etf_platform_tests.resources.dagster_process import free_port

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Browser:
    """One browser window.

    Parameters
    ----------
    session : str
        Address of the WebDriver session.
    """

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, url: str, contains: str | tuple[str, ...] = (), timeout: float = 40) -> str:
        """Load a page and wait until its visible text contains every wanted string; returns that text.

        Raises
        ------
        TimeoutError
            A wanted string did not appear; the message holds the text that did.
        """
        wanted = (contains,) if isinstance(contains, str) else contains
        self._post("url", {"url": url})
        end = time.monotonic() + timeout
        while not all(word in (text := self.text()) for word in wanted):
            if time.monotonic() > end:
                raise TimeoutError(f"{url} does not show {wanted}, but: {text[:2000]}")
            time.sleep(0.3)
        return text

    def text(self) -> str:
        """Visible text of the page."""
        return self.script("return document.body ? document.body.innerText : ''")

    def script(self, source: str) -> Any:
        """What a piece of JavaScript returns."""
        return self._post("execute/sync", {"script": source, "args": []})

    def picture(self, path: Path) -> Path:
        """Write the window as PNG."""
        answer = requests.get(f"{self._session}/screenshot", timeout=60).json()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer["value"]))
        return path

    def _post(self, what: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self._session}/{what}", json=body, timeout=90).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{answer['error']}: {answer['message']}")
        return answer


def screenshot(
    url: str,
    path: Path,
    contains: str | tuple[str, ...] = (),
    size: tuple[int, int] = (1600, 1000),
    settle: float = 1.5,
) -> str:
    """Picture of one page, taken `settle` seconds after it shows the wanted text; returns the page's text.

    Skips the test where Chromium or chromedriver is not installed.
    """
    with open_browser(size) as browser:
        browser.open(url, contains)
        time.sleep(settle)
        browser.picture(path)
        return browser.text()


@contextmanager
def open_browser(size: tuple[int, int] = (1600, 1000)) -> Iterator[Browser]:
    """A window of a fresh browser with an empty profile; skips the test where there is no Chromium."""
    driver, chromium = _require("chromedriver"), _require("chromium", "chromium-browser", "google-chrome")
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as profile,
        subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,
    ):
        session = ""
        try:
            session = _start_session(f"http://127.0.0.1:{port}", chromium, profile, size)
            yield Browser(session)
        finally:
            if session:
                requests.delete(session, timeout=30)
            process.kill()  # its browser is closed; asked to terminate, it sometimes never ends


def _require(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"needs {names[0]} on the PATH (Debian: apt install chromium chromium-driver)")


def _start_session(driver: str, chromium: str, profile: str, size: tuple[int, int]) -> str:
    window = [f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"]
    options = {"binary": chromium, "args": [*FLAGS, *window]}
    body = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
    end = time.monotonic() + 30
    while True:
        try:
            value = requests.post(f"{driver}/session", json=body, timeout=90).json()["value"]
            break
        except requests.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    if "sessionId" not in value:
        raise AssertionError(f"chromium did not start: {value.get('message')}")
    return f"{driver}/session/{value['sessionId']}"
