"""What is written behind a record that a power cut tore is lost, unless the boot cut that off."""

import pytest
from helpers import value_of

from minicloud.node.node import Node


@pytest.mark.parametrize("boot", ["records", "recover"])
def test_a_torn_end_hides_what_comes_after_it_unless_it_is_cut_off(boot):
    async def main(cloud):
        host = cloud.node("k", Node)
        await host.peek.disk.append("log", "safe")
        await host.peek.disk.sync("log")
        await host.peek.disk.append("log", "under way")
        host.crash(disk="torn")
        host.restart()
        found = getattr(host.peek.disk, boot)("log")
        await host.peek.disk.append("log", "later")
        await host.peek.disk.sync("log")
        host.crash()
        host.restart()
        return found, host.peek.disk.records("log")

    seen = [value_of(main, seed=seed) for seed in range(20)]
    assert all(found in ([["safe"]], [["safe"], ["under way"]]) for found, _ in seen)
    kept = [after == [*found, ["later"]] for found, after in seen]
    assert all(kept) if boot == "recover" else not all(kept)


def test_a_whole_file_is_left_alone():
    async def main(cloud):
        host = cloud.node("k", Node)
        await host.peek.disk.append("log", 1)
        await host.peek.disk.sync("log")
        before = host.disk.durable("log")
        assert host.peek.disk.recover("log") == [[1]]
        assert host.peek.disk.recover("other") == []
        return before == host.disk.durable("log"), host.disk.files()

    assert value_of(main) == (True, ["log"])
