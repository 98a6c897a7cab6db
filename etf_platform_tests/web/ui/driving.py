"""A browser window as a person uses it: click what is named, press keys, wait until something is seen."""

import json
import time
from collections.abc import Callable
from typing import Any

from etf_platform_tests.resources.browser import Browser

TAB, ENTER, ESCAPE, SHIFT = "\ue004", "\ue007", "\ue00c", "\ue008"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"
PATIENCE = 15


class Person:
    """Somebody at a browser.

    Parameters
    ----------
    browser : Browser
        An open window.
    url : str
        Address of the server, without a path.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    def visit(self, page: str = "overview", language: str = "en", theme: str = "light") -> None:
        """Open a page anew, as somebody who has chosen language and theme before; nothing else is remembered."""
        self.browser._post("url", {"url": f"{self.url}/api/health"})
        chosen = f"localStorage.setItem('language', '{language}'); localStorage.setItem('theme', '{theme}')"
        self.run(f"localStorage.clear(); sessionStorage.clear(); {chosen}")
        self.browser._post("url", {"url": f"{self.url}/#{page}"})
        self.until("document.querySelector('#main .panel, #main .figures') && document.querySelector('.status button')")

    def run(self, source: str) -> Any:
        """What a piece of JavaScript returns."""
        return self.browser.script(source)

    def get(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return self.run(f"return {expression}")

    def until(self, expression: str, seconds: float = PATIENCE) -> Any:
        """Wait until an expression is true; its value."""
        return eventually(lambda: self.get(expression), seconds, expression)

    def click(self, text: str, inside: str = "body", act: str = "click") -> None:
        """Click a button or link by its text, its label or its key."""
        found = (
            f"[...document.querySelectorAll('{inside} button, {inside} a')].find(n => n.offsetParent && "
            f"[n.textContent.trim(), n.getAttribute('aria-label'), n.dataset.key].includes({json.dumps(text)}))"
        )
        self.until(f"Boolean({found})")
        self.run(f"{found}.{act}()")

    def enter(self, text: str, inside: str = "body") -> None:
        """Go to a button and press Enter: a deed of a person to the browser, which a script's click is not."""
        self.click(text, inside, "focus")
        self.press(ENTER)

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
            self.browser._post("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def focused(self) -> str:
        """Label or text of what has the focus."""
        node = "document.activeElement"
        return self.get(f"{node}.getAttribute('aria-label') || {node}.textContent.trim().slice(0, 60)")

    def rows(self, inside: str = "#main tbody") -> list[str]:
        """First cells of a table's rows."""
        return self.get(f"[...document.querySelectorAll('{inside} tr')].map(n => n.firstElementChild.textContent)")

    def complaints(self) -> list[str]:
        """What the console said since it was asked last: errors and refusals by the policy."""
        entries = self.browser._post("se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def at_start(self, source: str) -> None:
        """Have a script run before each page that is opened from now on."""
        self.developer("Page.addScriptToEvaluateOnNewDocument", source=source)

    def resize(self, width: int, height: int) -> None:
        """Be a phone of this many pixels; 0 is the window again."""
        if width:
            self.developer(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True
            )
        else:
            self.developer("Emulation.clearDeviceMetricsOverride")

    def developer(self, command: str, **parameters: Any) -> Any:
        """A command of the browser's developer protocol."""
        return self.browser._post("goog/cdp/execute", {"cmd": command, "params": parameters})


def eventually(look: Callable[[], Any], seconds: float = PATIENCE, what: str = "it") -> Any:
    """The first true answer of `look`."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"never seen: {what}"
        time.sleep(0.05)
    return seen
