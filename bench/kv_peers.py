"""Replicated stores of others, as they run: on five processes of this machine, over 127.0.0.1.

    python -m bench.kv_peers pysyncobj PORT PORT … OPERATIONS

is one of the five; the first port is its own, and whoever leads makes the operations and prints how
many it did a second. A peer that isn't installed is skipped, with a reason.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

__all__ = ["PEERS", "measure"]

NODES = 5
CLIENTS = 4
MOST = 400
"""Operations, of which some peers do few in a second."""
PATIENCE_S = 60.0
ROOT = Path(__file__).resolve().parent.parent


def measure(name: str, operations: int) -> dict[str, Any]:
    """One peer's rate, or why there is none."""
    operations = min(operations, MOST) // CLIENTS * CLIENTS
    row: dict[str, Any] = {"peer": name, "nodes": NODES, "ops_per_s": None}
    if importlib.util.find_spec(name) is None:
        return row | {"skipped": f"not installed: pip install {name}{_WHY.get(name, '')}"}
    row["version"] = importlib.metadata.version(name)
    try:
        waiting, at_once = _five(name, operations)
        rates = {"ops_per_s": round(waiting), "ops_per_s_at_once": round(at_once)}
        return row | rates | {"note": _NOTES[name]}
    except (OSError, RuntimeError, subprocess.SubprocessError, ValueError) as error:
        return row | {"skipped": f"it did not run: {' '.join(str(error).split())[:200]}"}


def _five(name: str, operations: int) -> tuple[float, float]:
    ports = _free_ports(NODES)
    nodes: list[subprocess.Popen[bytes]] = []
    hear, tell = os.pipe()
    try:
        for i in range(NODES):
            own = [ports[i], *ports[:i], *ports[i + 1 :]]
            words = [name, *map(str, own), str(operations)]
            command = [sys.executable, "-m", "bench.kv_peers", *words]
            null = subprocess.DEVNULL
            nodes.append(subprocess.Popen(command, cwd=ROOT, stdin=null, stdout=tell, stderr=null))
        said = b""
        while len(said.split()) < 2 or not said.endswith(b"\n"):
            ready, _, _ = select.select([hear], [], [], PATIENCE_S)
            if not ready:
                raise RuntimeError(f"no figure in {PATIENCE_S:g} s, but {said!r}")
            said += os.read(hear, 100)
        waiting, at_once = said.split()[:2]
        return float(waiting), float(at_once)
    finally:
        for node in nodes:
            node.kill()
            node.wait()
        os.close(hear)
        os.close(tell)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def pysyncobj(ports: list[int], operations: int) -> None:
    """A node of PySyncObj; its dictionary's `set` returns when the command is applied here."""
    from pysyncobj import SyncObj  # noqa: PLC0415 - it may not be installed
    from pysyncobj.batteries import ReplDict  # noqa: PLC0415 - as above

    table = ReplDict()
    own, *others = [f"127.0.0.1:{port}" for port in ports]
    node = SyncObj(own, others, consumers=[table])
    node.waitReady()
    while not node._isLeader():  # noqa: SLF001 - it has no other word for it
        time.sleep(0.05)

    def load(number: int) -> None:
        for i in range(operations // CLIENTS):
            table.set(f"k{(i + number) % 20}", i, sync=True, timeout=PATIENCE_S)

    def crowd() -> None:
        left = threading.Semaphore(0)
        for i in range(operations):
            table.set(f"k{i % 20}", i, callback=lambda *_: left.release())
        for _ in range(operations):
            left.acquire()

    table.set("ready", 1, sync=True, timeout=PATIENCE_S)
    threads = [threading.Thread(target=load, args=(number,)) for number in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = time.perf_counter()
    crowd()
    ended = time.perf_counter()
    print(operations / (alone - began), operations / (ended - alone), flush=True)
    time.sleep(PATIENCE_S)


PEERS = {"pysyncobj": pysyncobj}
_NOTES = {
    "pysyncobj": f"puts in the leader's process, by {CLIENTS} threads that wait, and all at once; "
    "its leader sends every 0.1 s; no journal, no sync"
}
_WHY = {"raftos": "; it pins cryptography 1.5.3, of 2016, which did not build"}


if __name__ == "__main__":
    PEERS[sys.argv[1]]([int(word) for word in sys.argv[2:-1]], int(sys.argv[-1]))
