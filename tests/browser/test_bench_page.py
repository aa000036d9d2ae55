"""The page of a comparison of algorithms: offline, harmless, accessible, in light and in dark."""

import contextlib
import io

import pytest
from axe_core import grave, judged

from minicloud.cli import main

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONTEST = '''
from minicloud import Client, Cloud, Workload, breaks, holds, operation, scenario

NASTY = "</script><img src=x onerror='window.hacked=1'>"


class Shop(Client):
    def __init__(self, *, takes):
        self.takes = takes

    @operation(key="key")
    async def buy(self, key, n):
        await self.sleep(self.takes * self.random.uniform(0.5, 1.5))
        return n


@scenario(quick=holds(takes_s=0.01), slow=holds(takes_s=0.02), wrong=breaks("right", takes_s=0.001))
async def contest(cloud: Cloud, *, takes_s: float = 0.01) -> None:
    """Who is quick? </script><img src=x onerror='window.hacked=1'>"""
    spec = Workload(
        Shop, calls={"buy": lambda draw: (NASTY, draw.fresh())}, clients=2, per_s=50, lasts=4,
        arguments={"takes": takes_s},
    )
    load = cloud.start(spec)

    def right() -> None:
        assert takes_s >= 0.01, NASTY

    cloud.check(right)
    await load.finish(within=5)
'''


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    (folder / "contest.py").write_text(CONTEST, "utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        code = main(
            ["bench", str(folder / "contest.py"), "--seeds", "6", "--out", str(folder / "runs")]
        )
    assert code == 0
    return folder / "runs" / "contest" / "bench" / "bench.html"


def test_it_asks_nobody_and_nothing_of_a_run_is_markup(compared, show):
    page = show(compared, ready="true")
    page.settle()
    assert (page.requests, page.complaints, page.refused()) == ([], [], [])
    assert page.value("[typeof window.hacked, document.images.length]") == ["undefined", 0]
    words = page.value("document.body.innerText")
    assert "wrong" in words
    assert "INVALID" in words


def test_axe_finds_nothing_serious_in_it(compared, show, axe):
    for scheme in ("light", "dark"):
        page = show(compared, ready="true", scheme=scheme, still=True)
        assert [(one["rule"], one["where"]) for one in grave(judged(page, axe))] == []
