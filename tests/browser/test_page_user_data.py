"""What a user names like markup stays text, wherever the page shows it."""

import gzip
import re
from base64 import b64decode, b64encode

import pytest
from reports import report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EVIL = "</script><img src=x onerror=window.hacked=1>"
SCENARIO = '''
from contextlib import suppress

from minicloud import Client, Cloud, Node, OutcomeUnknown, Refused, Request, handle, operation
from minicloud import scenario

EVIL = "</script><img src=x onerror=window.hacked=1>"


class No(Refused):
    why: str


class Keep(Request[str]):
    key: str
    value: str


class Store(Node):
    def __init__(self) -> None:
        self.show(**{EVIL: EVIL})

    @handle
    def keep(self, request: Keep) -> str:
        if request.value == "no":
            raise No(EVIL)
        self.show(**{EVIL: request.value})
        return request.value


class User(Client):
    @operation(key="key")
    async def keep(self, key: str, value: str) -> str:
        return await self.call("store", Keep(key, value), timeout=0.5)


@scenario()
async def hostile(cloud: Cloud, *, name: str = EVIL) -> None:
    """A lesson </title><img src=x onerror=window.hacked=1> on markup.

    <!--<script> </script><img src=x onerror=window.hacked=1>
    """
    store = cloud.node("store", Store)
    user: User = cloud.client("user", User)
    cloud.note(EVIL)

    @cloud.always
    def fine() -> None:
        assert cloud.now < 3, EVIL

    for value in (EVIL, "no", "&lt;img src=x onerror=window.hacked=1&gt;", "<!--<script>"):
        with suppress(Refused):
            await user.keep(EVIL, value)
    with cloud.net.partition([store]), suppress(OutcomeUnknown):
        await user.keep(EVIL, EVIL)
    store.crash()
    await cloud.sleep(1)
    store.restart()
    await cloud.sleep(3)
'''


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hostile.py").write_text(SCENARIO, "utf-8")
    return report(folder / "hostile.py", folder / "runs")


def unharmed(page):
    assert page.value("window.hacked") is None
    assert page.value("document.querySelectorAll('img, script[src], iframe, object').length") == 0
    assert page.value("document.querySelectorAll('[onerror], [onclick], [onload]').length") == 0
    assert (page.requests, page.complaints, page.refused()) == ([], [], [])


def test_markup_in_a_key_a_value_a_note_or_an_error_is_text(hostile, show):
    page = show(hostile)
    unharmed(page)
    story = page.value("document.getElementById('story').textContent")
    assert EVIL in story
    page.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.settle()
    everything = page.value("document.body.textContent")
    assert everything.count(EVIL) > 5
    unharmed(page)


def test_nor_does_it_act_when_it_is_looked_for_or_come_upon(hostile, show):
    page = show(hostile)
    page.press(*"jjjjjjjjjjjjnn]]")
    unharmed(page)
    for _ in range(12):
        page.press("j")
        unharmed(page)
    page.press("/")
    page.write(f"key:{EVIL}")
    page.press("Enter")
    unharmed(page)


def test_nor_in_a_link(hostile, show):
    """Whoever sends a link to a report chooses what is behind the #."""
    for name in ("q", "t", "e", "o", "r"):
        unharmed(show(hostile, f"#{name}=%3Cimg%20src=x%20onerror=window.hacked=1%3E"))
        unharmed(show(hostile, f"#{name}=<img src=x onerror=window.hacked=1>"))


APPEND = "made.append(...children.flat(Infinity)"
CARELESS = """for (const text of children.flat(Infinity).filter((one) => typeof one === "string"))
  made.insertAdjacentHTML("beforeend", text);
made.append(...children.flat(Infinity).filter((one) => typeof one !== "string")"""


@pytest.fixture(scope="module")
def careless(hostile, tmp_path_factory):
    """The same page, with a program that takes text for markup."""
    page = hostile.read_text("utf-8")
    packed = re.search(r'(<script id="code"[^>]*>)([^<]+)', page)
    program = gzip.decompress(b64decode(packed[2])).decode()
    assert program.count(APPEND) == 1
    program = program.replace(APPEND, CARELESS)
    spoilt = tmp_path_factory.mktemp("careless") / "careless.html"
    spoilt.write_text(
        page.replace(packed[2], b64encode(gzip.compress(program.encode())).decode()), "utf-8"
    )
    return spoilt


def test_a_page_that_took_text_for_markup_would_be_found_out(careless, show, tmp_path):
    # Without its policy, which would not let such a program run.
    page, count = re.subn(r"script-src [^;]*;", "script-src 'unsafe-inline';", careless.read_text())
    assert count == 1
    (tmp_path / "unguarded.html").write_text(page, "utf-8")
    harmed = show(tmp_path / "unguarded.html")
    with pytest.raises(AssertionError):
        unharmed(harmed)
    assert harmed.value("document.querySelectorAll('img').length") > 5


def test_no_other_program_runs_in_a_page(careless, show):
    page = show(careless, ready="true")
    page.settle()
    assert any("script-src" in refused for refused in page.refused())
    assert page.value("document.querySelectorAll('img').length") == 0
