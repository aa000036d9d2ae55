"""The harness bites: what a page asks for, says, refuses or shows is heard, and it leaves nothing.

And axe finds what is wrong with a page that is wrong.
"""

import os
import time

import pytest
from axe_core import grave, judged

from bench import chrome as chrome_module
from bench.chrome import NoBrowser, ScriptError, chrome, chromium_here

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = """<!doctype html><html lang="en"><title>t</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'">
<p style="color: #bbb; background: #fff">pale</p><input id="in"><img src="there.png">
<script>
document.addEventListener("keydown", (event) => { window.pressed = event.key + event.code; });
console.error("said", "twice");
setTimeout(() => { throw new Error("thrown"); });
</script>"""


@pytest.fixture
def bad(show, tmp_path):
    (tmp_path / "bad.html").write_text(PAGE)
    page = show(tmp_path / "bad.html", ready="window.__refused.length")
    page.settle()
    return page


def test_what_a_page_asks_for_says_and_is_refused_is_heard(bad, tmp_path):
    assert bad.requests == [(tmp_path / "there.png").as_uri()]
    assert "console.error: said twice" in bad.complaints
    assert any(line.startswith("Error: thrown") for line in bad.complaints)
    assert bad.refused() == ["style-src-attr inline", "img-src file"]


def test_keys_and_clicks_and_texts_arrive(bad):
    bad.press("?")
    assert bad.value("pressed") == "?Slash"
    bad.press("ArrowLeft")
    assert bad.value("pressed") == "ArrowLeftArrowLeft"
    bad.click("#in")
    bad.write("key:x")
    assert bad.value("document.activeElement.value") == "key:x"


def test_a_page_knows_what_its_reader_prefers(show, tmp_path):
    (tmp_path / "empty.html").write_text("<!doctype html>")
    page = show(tmp_path / "empty.html", ready="true", scheme="dark", still=True)
    asked = ("(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)")
    assert all(page.value(f"matchMedia('{query}').matches") for query in asked)


def test_what_goes_wrong_in_a_page_is_said(bad):
    with pytest.raises(ScriptError, match="ReferenceError: nothing is not defined"):
        bad.value("nothing.there")
    with pytest.raises(ScriptError, match="there is no #nowhere"):
        bad.click("#nowhere")
    with pytest.raises(ScriptError, match=r"waited 0.05 s for a miracle"):
        bad.until(lambda: False, "a miracle", within=0.05)


def test_axe_finds_what_is_wrong(bad, axe):
    assert {"image-alt", "label"} <= {one["rule"] for one in grave(judged(bad, axe))}


def test_a_browser_leaves_no_process_and_no_folder(browser, monkeypatch):
    started = []
    spawn = chrome_module._spawn
    monkeypatch.setattr(
        chrome_module, "_spawn", lambda *words: started.append(spawn(*words)) or started[-1]
    )
    with chrome() as second:
        profile = second.profile
        assert profile.is_dir()
        assert os.getpgid(started[0][2]) == started[0][2]
    assert not profile.exists()
    until = time.monotonic() + 5
    while group_is_there(started[0][2]):
        assert time.monotonic() < until
        time.sleep(0.05)


def group_is_there(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_where_there_is_no_browser_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("MINICLOUD_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(NoBrowser, match="MINICLOUD_CHROMIUM is /nowhere/chromium, which is not"):
        chromium_here()
    monkeypatch.delenv("MINICLOUD_CHROMIUM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoBrowser, match="no Chromium is installed: apt-get install chromium"):
        chromium_here()
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'it misses a library' >&2\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(NoBrowser, match="does not start: it misses a library"), chrome():
        pass
