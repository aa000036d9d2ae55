"""Loading the plugin costs a session without cloud tests next to nothing."""

from __future__ import annotations

import subprocess
import sys

pytest_plugins = ["pytester"]

LOADED = """
import sys, time, pytest
before = set(sys.modules)
started = time.perf_counter()
import minicloud.testing.plugin
print(1000 * (time.perf_counter() - started), *sorted(set(sys.modules) - before))
"""


def test_loading_the_plugin_imports_nothing_else(project):
    best = 1000.0
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", LOADED],
            cwd=project.root,
            capture_output=True,
            text=True,
            check=True,
        )
        took, *modules = done.stdout.split()
        best = min(best, float(took))
        others = [name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names]
        assert others == ["minicloud", "minicloud.testing", "minicloud.testing.plugin"]
    # About 3 ms; the bound leaves room for a busy machine, and none for importing Trio.
    assert best < 20


def test_a_session_without_cloud_tests_imports_neither_trio_nor_the_cloud(project):
    # pytest-trio imports Trio itself, and Hypothesis imports what it finds.
    project.path.joinpath("pytest.ini").write_text("[pytest]\n")
    project.write("async def test_y(cloud): pass", "test_cloud.py")
    project.write(
        """
        import sys

        def test_x():
            assert "minicloud.testing.plugin" in sys.modules
            ours = [name for name in sys.modules if name.partition(".")[0] in ("trio", "minicloud")]
            assert sorted(ours) == ["minicloud", "minicloud.testing", "minicloud.testing.plugin"]
        """
    )
    project.run("test_it.py", *project.alone, apart=True).assert_outcomes(passed=1)


def test_collecting_cloud_tests_imports_neither_trio_nor_the_cloud(project):
    project.path.joinpath("pytest.ini").write_text("[pytest]\n")
    project.write("async def test_y(cloud): pass")
    project.write(
        """
        import sys

        def pytest_collection_finish(session):
            assert len(session.items) == 1
            assert "minicloud.testing.collect" in sys.modules
            assert not {"trio", "minicloud.cloud"} & set(sys.modules)
        """,
        "conftest.py",
    )
    result = project.run("--collect-only", *project.alone, apart=True)
    assert result.ret == 0
