"""Owns a headless Chromium: its process, and the DevTools messages to it; knows no report.

Messages go over two pipes (`--remote-debugging-pipe`), so there is neither a port to find free, nor
a driver that has to have the browser's version, nor a package to install. Each page is in a context
of its own: no cookie, no cache, no permission of another.

The protocol: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.chrome_page import WATCH, Page, ScriptError

__all__ = ["Chrome", "NoBrowser", "Page", "ScriptError", "chrome", "chromium_here"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_S = 30.0  # for one answer; a shared machine can be very busy
QUIET = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # it opens files that we wrote, often as root in a container
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--mute-audio",
    "--force-color-profile=srgb",
    "--lang=en-GB",
)


class NoBrowser(RuntimeError):
    """There is no Chromium here, or it does not start; the message is one sentence."""


def chromium_here() -> str:
    """The path of a Chromium: `MINICLOUD_CHROMIUM` if set, else the first on the PATH.

    Raises `NoBrowser` where there is none.
    """
    wanted = os.environ.get("MINICLOUD_CHROMIUM")
    for name in (wanted,) if wanted else NAMES:
        if found := shutil.which(name):
            return found
    if wanted:
        raise NoBrowser(f"MINICLOUD_CHROMIUM is {wanted}, which is not a program")
    raise NoBrowser("no Chromium is installed: apt-get install chromium, or set MINICLOUD_CHROMIUM")


@contextmanager
def chrome(*flags: str) -> Iterator[Chrome]:
    """A running browser, ended with all of its processes. Raises `NoBrowser`."""
    with tempfile.TemporaryDirectory(prefix="minicloud-chrome-", ignore_cleanup_errors=True) as at:
        browser = Chrome(chromium_here(), Path(at), flags)
        try:
            yield browser
        finally:
            browser.close()


class Chrome:
    """A process of Chromium, and the pipes to it."""

    def __init__(self, binary: str, folder: Path, flags: tuple[str, ...] = ()) -> None:
        self._said = folder / "said"
        self.profile = folder / "profile"
        self._to, self._from, self._pid = _spawn(
            [binary, *QUIET, f"--user-data-dir={self.profile}", *flags, "about:blank"],
            self._said,
        )
        self._rest = b""
        self._number = 0
        self._pages: dict[str, Page] = {}
        try:
            self.version: str = self.command("Browser.getVersion")["product"]
        except BaseException as error:
            self.close()
            if not isinstance(error, ScriptError):
                raise
            raise NoBrowser(f"{binary} does not start: {self._last_words()}") from error

    def _last_words(self) -> str:
        lines = self._said.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else "it says nothing"

    def command(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer. Raises `ScriptError`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        try:
            _write(self._to, json.dumps(message).encode() + b"\0")
        except OSError as error:
            raise ScriptError(f"{method}: the browser is gone") from error
        until = time.monotonic() + PATIENCE_S
        while True:
            said = self._hear(until)
            if said is None:
                raise ScriptError(f"{method}: no answer within {PATIENCE_S:.0f} s")
            if said.get("id") == self._number:
                if "error" in said:
                    raise ScriptError(f"{method}: {said['error']['message']}")
                return said["result"]

    def _hear(self, until: float) -> dict[str, Any] | None:
        """The next message; one that tells something goes to its page as well."""
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            part = os.read(self._from, 1 << 20)
            if not part:
                raise ScriptError("the browser is gone")
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        said: dict[str, Any] = json.loads(text)
        page = self._pages.get(said.get("sessionId", ""))
        if page is not None and "method" in said:
            page.note(said["method"], said["params"])
        return said

    def listen(self, seconds: float) -> None:
        """Take in what is told within that time."""
        until = time.monotonic() + seconds
        while self._hear(until) is not None:
            pass

    def page(
        self, width: int = 1280, height: int = 900, *, scheme: str = "light", still: bool = False
    ) -> Page:
        """A new, empty page. scheme: light or dark. still: the reader wants reduced motion."""
        context = self.command("Target.createBrowserContext")["browserContextId"]
        target = self.command("Target.createTarget", url="about:blank", browserContextId=context)[
            "targetId"
        ]
        session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, context)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.command(f"{domain}.enable")
        page.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        page.prefer(scheme=scheme, still=still)
        page.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        return page

    def forget(self, session: str, context: str) -> None:
        """Close a page, and throw away its context."""
        self.command("Target.disposeBrowserContext", browserContextId=context)
        self._pages.pop(session, None)

    def close(self) -> None:
        """End the process and whatever it has started; it may be ended already."""
        for end in (self._to, self._from):
            os.close(end)
        _end(self._pid)


def _spawn(command: list[str], said: Path) -> tuple[int, int, int]:
    """Start a program that reads from descriptor 3 and writes to 4: (to it, from it, its id)."""
    theirs_read, ours_to = _pipe()
    ours_from, theirs_from = _pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(said), os.O_WRONLY | os.O_CREAT, 0o600),
        (os.POSIX_SPAWN_DUP2, theirs_read, 3),
        (os.POSIX_SPAWN_DUP2, theirs_from, 4),
    ]
    try:
        # A group of its own, so that its renderers can be ended with it.
        process = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setpgroup=0)
    except OSError as error:
        os.close(ours_to)
        os.close(ours_from)
        raise NoBrowser(f"{command[0]} does not start: {error.strerror}") from error
    finally:
        os.close(theirs_read)
        os.close(theirs_from)
    return ours_to, ours_from, process


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are not inherited, and not among the numbers that the child is given."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(end)
    return ends[0], ends[1]


def _write(end: int, data: bytes) -> None:
    while data:
        data = data[os.write(end, data) :]


def _end(process: int) -> None:
    """Closing the pipe tells a Chromium to go; what is still there after a second is killed."""
    until = time.monotonic() + 1.0
    gone = 0
    while not gone and time.monotonic() < until:
        gone, _ = os.waitpid(process, os.WNOHANG)
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    if not gone:
        os.waitpid(process, 0)
