"""Seven of the eight questions that a report should answer in seconds, answered by a script.

It sees nothing but the data of the page; the truth is read from the run folder by other means. (The
eighth, two algorithms' p99, is one for benchmarks.)
"""

import shlex
from pathlib import Path

import pytest
from handmade import S, unpacked

from minicloud.check import History, Verdict, linearizable
from minicloud.cli import main
from minicloud.scenario.folder import RunFolder

LESSON = '''
from minicloud import Client, Cloud, Message, Node, OutcomeUnknown, Refused, Request, every
from minicloud import breaks, handle, operation, scenario
from minicloud.check import linearizable


class Beat(Message):
    term: int
    value: int

class Vote(Request[bool]):
    term: int

class Put(Request[None]):
    value: int

class Get(Request[int]):
    pass

class NotLeading(Refused):
    pass


class Member(Node):
    """Leads, or waits for a leader, and learns from its beats what it was told, a little late."""

    def __init__(self, *, peers: list[str], leads: bool) -> None:
        self.peers, self.leads, self.term, self.voted = peers, leads, 1, 1
        self.heard, self.value = 0.0, 0
        self.tell()

    def tell(self) -> None:
        self.show(role="leader" if self.leads else "follower", term=self.term, voted=self.voted)

    @every(0.1)
    def beat(self) -> None:
        if self.leads:
            for peer in self.peers:
                self.send(peer, Beat(self.term, self.value))
        elif self.name == "n2" and self.clock.now() - self.heard > 0.5:
            self.heard = self.clock.now()
            self.spawn(self.stand)

    async def stand(self) -> None:
        self.term += 1
        self.voted = self.term
        self.tell()
        if await self.call("n3", Vote(self.term), timeout=0.1):
            self.leads = True
            self.tell()

    @handle
    def on_beat(self, beat: Beat) -> None:
        if beat.term >= self.term:
            self.heard, self.term, self.leads = self.clock.now(), beat.term, False
            self.value = beat.value
            self.tell()

    @handle
    def vote(self, request: Vote) -> bool:
        if request.term <= self.voted:
            return False
        self.voted = request.term
        self.tell()
        return True

    @handle
    def put(self, request: Put) -> None:
        self.lead()
        self.value = request.value

    @handle
    def get(self, request: Get) -> int:
        self.lead()
        return self.value

    def lead(self) -> None:
        if not self.leads:
            raise NotLeading("ask another")


class Teller(Client):
    service = "cell"

    @operation(key="key")
    async def write(self, key: str, value: int) -> int:
        await self.ask(Put(value))
        return value

    @operation(key="key")
    async def read(self, key: str) -> int:
        return await self.ask(Get())

    async def ask(self, request):
        for target in ("n1", "n2"):
            try:
                return await self.call(target, request, timeout=0.15)
            except NotLeading:
                pass
            except OutcomeUnknown:
                if isinstance(request, Put):
                    raise
        raise NotLeading("nobody leads")


@scenario(naive=breaks("linearizable"))
async def two_leaders(cloud: Cloud) -> None:
    """The old leader does not hear that it is none any more."""
    names = ["n1", "n2", "n3"]
    for name in names:
        peers = [other for other in names if other != name]
        cloud.node(name, Member, peers=peers, leads=name == "n1")
    alice, bob = cloud.client("alice", Teller), cloud.client("bob", Teller)
    cloud.check(linearizable("register"))

    async def turns(first, times):
        for number in range(first, first + times):
            await alice.write("x", number)
            try:
                await bob.read("x")
            except Refused:
                pass
            await cloud.sleep(0.1)

    await turns(1, 10)
    with cloud.net.partition(["n1", "alice"], ["n2", "n3", "bob"]):
        await turns(100, 20)
    await turns(1000, 10)
'''

CAP = Path(__file__).resolve().parents[3] / "scenarios" / "cap_in_one_picture.py"


class Recorded:
    """A run folder, and the page in it."""

    def __init__(self, root):
        (path,) = root.glob("*/*")
        self.folder = RunFolder(path)
        self.page = unpacked((path / "report.html").read_bytes())
        self.lanes = [lane["name"] for lane in self.page["lanes"]]
        self.records = list(self.folder.trace())

    def rows(self, table):
        """A table row by row, texts as texts."""
        texts = {"sender", "fate", "kind", "name", "f", "key", "value", "asked", "result"}
        texts = texts & set(self.page[table])
        columns = {
            name: [None if n < 0 else self.page["strings"][n] for n in column]
            if name in texts
            else column
            for name, column in self.page[table].items()
        }
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def knew(self, node, time_ns):
        """What a node showed at a time."""
        shown = {}
        for row in self.rows("states"):
            if self.lanes[row["lane"]] == node and row["t"] <= time_ns:
                shown[row["key"]] = row["value"]
        return shown


@pytest.fixture(scope="module")
def leaders(tmp_path_factory):
    here = tmp_path_factory.mktemp("leaders")
    (here / "two_leaders.py").write_text(LESSON)
    assert main(["run", str(here / "two_leaders.py"), "--out", str(here / "runs")]) == 1
    return Recorded(here / "runs")


@pytest.fixture(scope="module")
def cap(tmp_path_factory):
    root = tmp_path_factory.mktemp("cap")
    assert main(["run", str(CAP), "--out", str(root)]) == 0
    return Recorded(root)


def test_1_which_message_was_lost_and_why(cap):
    lost = {
        f"{m['sender']}:{m['no']}": m["fate"]
        for m in cap.rows("messages")
        if not m["fate"].endswith("delivered")
    }
    truth = {
        r["id"]: r["fate"]
        for r in cap.records
        if r["type"] == "fate" and not r["fate"].endswith("delivered")
    }
    assert len(lost) > 100
    assert lost == truth
    assert "cut by partition-1" in lost.values(), "the reason names the fault"
    (fault,) = [f for f in cap.page["faults"] if f["name"] == "partition-1"]
    assert fault["groups"]


@pytest.mark.parametrize(
    ("when", "expected"),
    [("before", {"n1": "1"}), ("in it", {"n1": "1", "n2": "2"}), ("after", {"n2": "2"})],
)
def test_2_who_led_at_a_time(leaders, when, expected):
    (cut,) = leaders.page["faults"]
    at = {"before": cut["begin"] - 1, "in it": cut["end"] - 1, "after": cut["end"] + S // 2}[when]
    shown = {name: leaders.knew(name, at) for name in ("n1", "n2", "n3")}
    led = {name: state["term"] for name, state in shown.items() if state["role"] == "leader"}
    assert led == expected
    truth = {}
    for record in leaders.records:
        if record["type"] == "state" and record["time"] <= at:
            truth.setdefault(record["incarnation"].partition(".")[0], {}).update(record["state"])
    assert shown == truth


def test_3_the_smallest_operations_that_violate_the_model(leaders):
    (check,) = [c for c in leaders.page["checks"] if c["name"] == "linearizable"]
    assert check["verdict"] == "invalid"
    rows = leaders.rows("operations")
    evidence = [rows[row]["name"] for row in check["evidence"]]
    assert 2 <= len(evidence) <= 4
    history = History.read(leaders.folder.path / "history.jsonl")
    judge = linearizable("register")
    assert judge.judge(history.select(lambda op: op.op in evidence)).verdict is Verdict.INVALID
    read = [rows[row]["result"] for row in check["evidence"]]
    needed = [rows[row]["name"] for row in check["evidence"] if rows[row]["asked"] not in read]
    assert needed
    for spared in needed:
        # Not the writer of what was read: then the value would come from nowhere.
        fewer = history.select(lambda op, spared=spared: op.op in evidence and op.op != spared)
        assert judge.judge(fewer).verdict is not Verdict.INVALID, "each of them is needed"


def test_4_what_node_3_knew_when_it_voted(leaders):
    votes = [m for m in leaders.rows("messages") if m["kind"].endswith("Vote")]
    vote = next(m for m in votes if leaders.lanes[m["to"]] == "n3")
    arrived = vote["sent"] + vote["took"]
    assert leaders.knew("n3", arrived - 1) == {"role": "follower", "term": "1", "voted": "1"}
    assert leaders.knew("n3", arrived)["voted"] == "2"
    (moment,) = [m for m in leaders.page["moments"] if "n2: role follower → leader" in m["text"]]
    assert (moment["was"], moment["now"]) == ("role=follower", "role=leader")


def test_5_for_how_long_it_was_unavailable_after_the_heal(cap):
    rows = [r for r in cap.page["figures"]["unavailable"] if r["client"] == "box-c-1"]
    (row,) = rows
    heal = next(f["end"] for f in cap.page["faults"] if f["name"] == row["after"])
    operations = History.read(cap.folder.path / "history.jsonl").operations()
    own = [op for op in operations if op.client == "box-c-1"]
    first_ok = min(op.end_ns for op in own if op.outcome == "ok" and op.end_ns > heal)
    assert row["end"] == first_ok
    assert row["healed"] == first_ok - heal
    assert heal == 40 * S


def test_6_how_to_repeat_it(leaders, cap, tmp_path, capsys):
    for recorded in (leaders, cap):
        words = shlex.split(recorded.page["header"]["repeat"])
        assert words.pop(0) == "minicloud"
        main([*words, "--out", str(tmp_path), "--no-report"])
        capsys.readouterr()
        (again,) = (tmp_path / recorded.page["header"]["scenario"]).glob("*")
        assert RunFolder(again).digest == recorded.folder.digest
        assert recorded.page["header"]["digest"] == recorded.folder.digest


def test_7_messages_per_operation(cap):
    asked = {}
    for record in cap.records:
        if record["type"] == "operation" and record["event"] == "invoke":
            asked[record["op"]] = record["f"]
    sent = {"read": 0, "write": 0}
    for record in cap.records:
        if record["type"] == "send" and record["op"] is not None:
            sent[asked[record["op"]]] += 1
    counts = list(asked.values())
    truth = {f: round(sent[f] / counts.count(f), 3) for f in sent}
    assert cap.page["figures"]["messages_per_operation"] == truth
    everything = sum(r["type"] == "send" for r in cap.records) / len(asked)
    assert cap.page["figures"]["per_operation"] == round(everything, 3)
