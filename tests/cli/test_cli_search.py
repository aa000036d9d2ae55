"""`shrink`, `crash-points`, `turning-point` and `replay --until`, as they are typed."""

import json
import shlex
from pathlib import Path

import pytest

LESSON = "double-charge"

STALE = '''"""A store that reads one and writes one."""

from minicloud import Cloud, Load, breaks, kv, scenario
from minicloud.check import linearizable


@scenario(naive=breaks("linearizable"))
async def stale(cloud: Cloud) -> None:
    """One replica is cut off for a while, and asked all the same."""
    store = cloud.start(kv.Quorum(nodes=3, r=1, w=1))
    load = cloud.start(Load(store, clients=2, keys=1, per_s=20, lasts=10))
    cloud.check(linearizable(store))
    await cloud.sleep(4)
    with cloud.net.partition([store.hosts[0], load.clients[0].host]):
        await load.finish(within=10)
'''

JOURNAL = '''"""A journal that may answer before it is safe."""

from minicloud import Cloud, Node, Request, breaks, handle, holds, scenario


class Write(Request[int]):
    value: int


class Journal(Node):
    def __init__(self, *, sync: bool) -> None:
        self.sync_first = sync
        self.values = [row[0] for row in self.disk.records("journal")]
        self.show(role="leader", count=len(self.values))

    @handle
    async def write(self, request: Write) -> int:
        await self.disk.append("journal", request.value)
        if self.sync_first:
            # the rule
            await self.disk.sync("journal")
        self.values.append(request.value)
        self.show(count=len(self.values))
        return len(self.values)


@scenario(safe=holds(sync=True), naive=breaks("durable", sync=False))
async def journal(cloud: Cloud, *, sync: bool = True) -> None:
    """Three writes, and whatever was acknowledged must be there in the end."""
    host, alice = cloud.node("journal", Journal, sync=sync), cloud.client("alice")
    acknowledged = []
    for value in range(3):
        try:
            await alice.call(host, Write(value), timeout=0.5)
        except Exception:
            continue
        acknowledged.append(value)
    await cloud.sleep(2)
    if not sync and cloud.seed == 0:
        host.restart()

    def durable() -> None:
        missing = [value for value in acknowledged if value not in host.peek.values]
        assert not missing, f"acknowledged and lost: {missing}"

    cloud.check(durable)
'''


@pytest.fixture
def lessons(here, cli):
    Path("scenarios", "stale.py").write_text(STALE)
    Path("scenarios", "journal.py").write_text(JOURNAL)
    return cli


def failing_seed(cli):
    rows = [
        json.loads(line)
        for line in cli("sweep", "stale", "--seeds", "20", "--jobs", "1", "--json").out.splitlines()
    ]
    return next(row["seed"] for row in rows if row.get("verdict") == "invalid")


def test_shrink_prints_a_small_case_and_writes_a_scenario_that_fails(lessons):
    seed = failing_seed(lessons)
    done = lessons("shrink", "stale", "--seed", seed, "--jobs", "1")
    assert done.code == 1
    assert f"seed {seed} breaks linearizable" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    file = Path("found", f"stale_seed_{seed}.py")
    assert f"repeat  minicloud run {file}" in done.out
    again = lessons("run", file, "--expect", "--no-report")
    assert again.code == 0, again
    # A second one is written beside the first, which stays as it is.
    text = file.read_text()
    told = json.loads(lessons("shrink", "stale", "--seed", seed, "--jobs", "1", "--json").out)
    assert told["file"] == f"found/stale_seed_{seed}_2.py"
    assert file.read_text() == text
    assert told["after"]["operations"] <= 3 < told["before"]["operations"]
    assert lessons("verify", told["file"]).code == 0


def test_several_processes_find_the_same(lessons):
    seed = failing_seed(lessons)
    told = [
        json.loads(
            lessons(
                "shrink", "stale", "--seed", seed, "--jobs", jobs, "--out", f"out{jobs}", "--json"
            ).out
        )
        for jobs in (1, 2)
    ]
    for row in told:
        row.pop("wall_s"), row.pop("file")
    assert told[0] == told[1]
    assert (
        Path("out1", f"stale_seed_{seed}.py").read_bytes()
        == Path("out2", f"stale_seed_{seed}.py").read_bytes()
    )


def test_a_budget_is_told(lessons):
    done = lessons("shrink", "stale", "--seed", failing_seed(lessons), "--jobs", "1", "--runs", "3")
    assert "stopped after 3 runs: there may be a smaller case" in done.out


def test_every_crash_point_is_tried_and_only_the_twin_fails(lessons):
    safe = lessons("crash-points", "journal", "--variant", "safe", "--jobs", "1")
    assert (safe.code, safe.err) == (0, "")
    assert "journal sync journal" in safe.out
    assert "✖ -" not in safe.out
    naive = lessons("crash-points", "journal", "--variant", "naive", "--seed", "1", "--jobs", "1")
    assert naive.code == 1
    assert "acknowledged and lost" in naive.out
    assert max(map(len, naive.out.splitlines()[:-1])) <= 80  # a command is never folded
    repeat = naive.out.splitlines()[-1].removeprefix("repeat  minicloud ")
    import shlex

    assert lessons(*shlex.split(repeat)).code == 1
    rows = [
        json.loads(line)
        for line in lessons("crash-points", "journal", "--jobs", "1", "--json").out.splitlines()
    ]
    assert rows[-1]["summary"]["points"] == len(rows) - 1 == 6  # three syncs, three replies
    assert {(r["node"], r["point"]) for r in rows[:-1]} == {
        ("journal", "sync journal"),
        ("journal", "reply Write"),
    }


def test_crash_points_do_not_depend_on_how_many_processes(lessons):
    words = ("crash-points", "journal", "--variant", "naive", "--seed", "1", "--json")
    one, two = (lessons(*words, "--jobs", jobs).out.splitlines()[:-1] for jobs in (1, 2))
    assert one == two


def test_a_cut_that_never_comes_is_no_proof(lessons):
    done = lessons("run", "journal", "--cut", "journal/sync journal/99")
    assert done.code == 3
    assert "the run never came to journal/sync journal/99" in done.out


def test_a_cut_keeps_what_it_does_to_the_disk(lessons):
    words = ("crash-points", "journal", "--disk", "wipe", "--restart", "0.5s", "--jobs", "1")
    done = lessons(*words)
    assert done.code == 1
    repeat = shlex.split(done.out.splitlines()[-1].removeprefix("repeat  minicloud "))
    assert repeat[3].endswith("/wipe/0.5")
    assert lessons(*repeat).code == 1
    assert lessons("replay", "latest").code == 1


def test_a_seed_that_fails_without_a_cut_is_told(lessons):
    text = Path("scenarios", "journal.py").read_text()
    Path("scenarios", "journal.py").write_text(text.replace("assert not missing", "assert missing"))
    assert "without a power cut the run is invalid too" in lessons(
        "crash-points", "journal", "--jobs", "1"
    ).out.replace("\n    ", " ")


@pytest.mark.slow
def test_turning_point_tells_when_it_became_likely(lessons):
    seed = failing_seed(lessons)
    lessons("run", "stale", "--seed", seed)
    done = lessons("turning-point", "latest", "--endings", "4")
    assert done.code == 0
    assert "endings that break linearizable" in done.out
    assert "4 of 4" in done.out  # parting at the end is not parting at all
    assert max(map(len, done.out.splitlines())) <= 80
    told = json.loads(lessons("turning-point", "latest", "--endings", "4", "--json").out)
    assert told["points"][-1]["failed"] == 4
    assert [p["at_s"] for p in told["points"]] == sorted(p["at_s"] for p in told["points"])


def test_replay_until_a_moment_shows_the_cloud(lessons):
    lessons("run", "journal")
    at = lessons("replay", "latest", "--until", "1ms")
    assert at.code == 0
    assert at.out.startswith("0.001000 s, after ")
    assert "journal  up      role=leader  count=0" in at.out
    when = json.loads(lessons("replay", "latest", "--until", "journal.count >= 2", "--json").out)
    state = next(h for h in when["snapshot"]["hosts"] if h["name"] == "journal")
    assert state["state"]["count"] == 2
    number = next(
        json.loads(line)["number"]
        for line in lessons("log", "--json", "--type", "disk").out.splitlines()
    )
    assert lessons("replay", "latest", "--until", f"event:{number}").code == 0
    never = lessons("replay", "latest", "--until", "journal is down")
    assert never.code == 3
    assert "never came: the run ended at" in never.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("shrink", "journal"), "seed 0 is valid: there is no broken check to keep"),
        (("shrink", "stale", "--seed", "x"), "--seed x"),
        (
            ("shrink", "journal", "--check", "nope"),
            "seed 0 does not break nope; its checks are: durable",
        ),
        (
            ("crash-points", "journal", "--node", "nobody"),
            "the hosts that reach a point are: alice, journal",
        ),
        (
            ("crash-points", "journal", "--disk", "burn"),
            "--disk burn: say one of lose-unsynced, keep",
        ),
        (("crash-points", "journal", "--most", "0"), "--most 0"),
        (("crash-points", "twins"), "no host of twins sends, syncs or names a point"),
        (("run", "journal", "--cut", "journal"), "write HOST/POINT/OCCURRENCE"),
        (("turning-point", "latest"), "there is no run in runs yet"),
        (("replay", "latest", "--until", "soon"), "there is no run in runs yet"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(lessons, words, sentence):
    done = lessons(*words, *(["--jobs", "1"] if words[0] in ("shrink", "crash-points") else []))
    assert done.code == 2, done
    assert sentence in done.err
    assert done.err.count("\n") == 1


def test_a_moment_of_a_host_that_is_not_there_names_those_that_are(lessons):
    lessons("run", "journal")
    done = lessons("replay", "latest", "--until", "jornal is down")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "there is no host jornal; there are journal, alice; did you mean journal?" in done.err


def test_a_moment_that_is_none_is_one_sentence(lessons):
    lessons("run", "journal")
    done = lessons("replay", "latest", "--until", "soon")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--until soon: write a time such as 12.5s" in done.err
    assert "the run has events 1 to" in lessons("replay", "latest", "--until", "event:9999").err
