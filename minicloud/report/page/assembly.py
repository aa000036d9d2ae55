"""Owns the one file: a page's data packed, its assets put together. It knows no run.

Nothing of a run is markup: its data is base64, and the one text outside of it is escaped. Besides,
the page names the digests of its two scripts, and a browser runs no other.
"""

from __future__ import annotations

import gzip
import html
import io
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import msgspec

__all__ = ["assembled", "packed"]

_PLACE = re.compile(r"@@(TITLE|STYLE|DATA|SCRIPT)@@")
_REMARK = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*$", re.MULTILINE | re.DOTALL)
_PROGRAM = re.compile(r"<script>\n(.*@@SCRIPT@@.*)</script>", re.DOTALL)
_TYPE = "application/json; charset=utf-8; gzip; base64"
_CODE = "text/plain; charset=utf-8; gzip; base64"


def packed(data: Any) -> str:
    """JSON, gzip, base64: the same text for the same data, in every process."""
    return _packed(msgspec.json.encode(data))


def _packed(raw: bytes) -> str:
    out = io.BytesIO()
    # No name and no time of day in the header; level 6 is three times as fast as 9 and as small.
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=0) as file:
        file.write(raw)
    return b64encode(out.getvalue()).decode("ascii")


def assembled(title: str, blocks: Mapping[str, str]) -> bytes:
    """The page: `blocks` are packed data by the id of their element."""
    page, style, script = _assets()
    data = "\n".join(
        f'<script id="{name}" type="{_TYPE}">{text}</script>' for name, text in blocks.items()
    )
    texts = {"TITLE": html.escape(title), "STYLE": style, "DATA": data, "SCRIPT": script}
    # In one pass, so that a placeholder's name inside what was put in stays what it is.
    return _PLACE.sub(lambda found: texts[found[1]], page).encode("utf-8", "replace")


@cache
def _assets() -> tuple[str, str, str]:
    """The skeleton, the style and the script that unpacks the program."""
    home = files("minicloud.report.page") / "assets"
    listed = (home / "manifest.txt").read_text("utf-8").splitlines()
    names = [line.strip() for line in listed if line.strip() and not line.startswith("#")]
    texts = {name: _short((home / name).read_text("utf-8")) for name in names}
    style = "\n".join(text for name, text in texts.items() if name.endswith(".css"))
    # A block each, so that two files may use one name for different things.
    blocks = "\n".join(f"{{\n{text}\n}}" for name, text in texts.items() if name.endswith(".js"))
    page = (home / "page.html").read_text("utf-8")
    found = _PROGRAM.search(page)
    assert found is not None, "page.html has one script, and it holds @@SCRIPT@@"
    program = found[1].replace("@@SCRIPT@@", blocks) + "//# sourceURL=report.js\n"
    code = f'<script id="code" type="{_CODE}">{_packed(program.encode())}</script>\n'
    loader = _short((home / "loader.js").read_text("utf-8"))
    page = page.replace(found[0], f"{code}<script>@@SCRIPT@@</script>")
    return page.replace("@@ALLOWED@@", f"{_hash(loader)} {_hash(program)}"), style, loader


def _hash(script: str) -> str:
    """A script's source as a content security policy names it."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode('ascii')}'"


def _short(source: str) -> str:
    """Source without comments that have lines of their own, and without indentation.

    No source has a text of several lines, so a line that looks like a comment is one.
    """
    lines = (line.strip() for line in _REMARK.sub("", source).split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith("//"))
