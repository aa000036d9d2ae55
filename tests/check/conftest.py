"""A file to read, by a short name."""

import pytest


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "h").write_bytes(text if isinstance(text, bytes) else text.encode())
        return "h"

    return write
