"""Owns one page of a headless Chromium: keys, mouse, questions, pictures; knows no report.

What the page asks of the network, writes to the console, or is refused by its content security
policy is kept in the order in which it came.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.chrome import Chrome

__all__ = ["WATCH", "Page", "ScriptError"]

WATCH = """
window.__refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__refused.push(event.violatedDirective + " " + event.blockedURI);
});
"""
CODES = {"/": "Slash", "?": "Slash", "[": "BracketLeft", "]": "BracketRight", " ": "Space"}
VIRTUAL = {
    "Enter": 13,
    "Escape": 27,
    "Tab": 9,
    "Home": 36,
    "End": 35,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


class ScriptError(RuntimeError):
    """An expression raised in the page, or the browser refused a command."""


class Page:
    """One page of a browser."""

    def __init__(self, browser: Chrome, session: str, context: str) -> None:
        self._browser, self._session, self._context = browser, session, context
        self.address = ""
        self.requests: list[str] = []
        """Addresses that were asked for, but for the page's own and those with the data inside."""
        self.complaints: list[str] = []
        """Exceptions nobody caught, and warnings and errors of the console."""
        self.loaded = False

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.command(method, self._session, **params)

    def note(self, method: str, params: dict[str, Any]) -> None:
        """Keep what the browser tells of this page."""
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith("data:") and url.partition("#")[0] != self.address:
                self.requests.append(url)
        elif method == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning"}:
            said = [str(a.get("value", a.get("description", ""))) for a in params["args"]]
            self.complaints.append(f"console.{params['type']}: {' '.join(said)}")
        elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(params["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def prefer(self, *, scheme: str = "light", still: bool = False) -> None:
        """What the reader's system asks for."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
        ]
        self.command("Emulation.setEmulatedMedia", media="screen", features=features)

    def go(self, file: Path, fragment: str = "") -> None:
        """Begin to open a file, and wait for nothing but that it is there."""
        self.address, self.loaded = file.resolve().as_uri(), False
        went = self.command("Page.navigate", url=self.address + fragment)
        if went.get("errorText"):
            raise ScriptError(f"{file}: {went['errorText']}")

    def open(self, file: Path, fragment: str = "", *, ready: str = "true") -> None:
        """Open a file and wait until it is loaded and `ready`, an expression, is true in it."""
        self.go(file, fragment)
        self.until(lambda: self.loaded, f"{file} to load")
        self.until(lambda: self.value(f"(async () => Boolean(await ({ready})))()"), ready)

    def until(self, condition: Callable[[], object], what: str, *, within: float = 20.0) -> None:
        """Wait until `condition` holds; raises `ScriptError` that names `what` was waited for."""
        end = time.monotonic() + within
        while not condition():
            if time.monotonic() > end:
                raise ScriptError(f"waited {within:g} s for {what}; {self.complaints}")
            self._browser.listen(0.02)

    def value(self, expression: str) -> Any:
        """The value of an expression, awaited, as JSON can say it. Raises `ScriptError`."""
        said = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in said:
            details = said["exceptionDetails"]
            words = details.get("exception", {}).get("description", details["text"])
            raise ScriptError(f"{expression[:200]}: {words}")
        return said["result"].get("value")

    def wait(self, seconds: float) -> None:
        """Let so much time pass, and take in what is told in it."""
        self._browser.listen(seconds)

    def settle(self) -> None:
        """Let two frames pass, so that what an input has changed is drawn and told."""
        self.value("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    def refused(self) -> list[str]:
        """What the page's content security policy has forbidden so far."""
        found: list[str] = self.value("window.__refused || []")
        return found

    def press(self, *keys: str) -> None:
        """Press keys one after the other: `j`, `?`, `Enter`, `ArrowLeft`."""
        for key in keys:
            text = key if len(key) == 1 else "\r" if key == "Enter" else ""
            code = CODES.get(key) or (f"Key{key.upper()}" if key.isalpha() and text else key)
            number = VIRTUAL.get(key, ord(key.upper()) if len(key) == 1 and key.isalnum() else 0)
            about = {"key": key, "code": code, "windowsVirtualKeyCode": number}
            kind = "keyDown" if text else "rawKeyDown"
            self.command("Input.dispatchKeyEvent", type=kind, text=text, **about)
            self.command("Input.dispatchKeyEvent", type="keyUp", **about)
        self.settle()

    def write(self, text: str) -> None:
        """Type a text into what has the focus."""
        self.command("Input.insertText", text=text)
        self.settle()

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """One event of the mouse: `mousePressed`, `mouseMoved`, `mouseReleased`, `mouseWheel`."""
        self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, selector: str) -> None:
        """Click on the middle of the first element that `selector` finds."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)
        self.settle()

    def middle(self, selector: str) -> tuple[float, float]:
        """Where the middle of an element is, after scrolling to it. Raises `ScriptError`."""
        found = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return 0;"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const r = e.getBoundingClientRect();"
            "return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        if not found:
            raise ScriptError(f"there is no {selector}")
        return found[0], found[1]

    def picture(self) -> bytes:
        """What is in the window, as a PNG."""
        self.settle()
        return base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        self._browser.forget(self._session, self._context)
