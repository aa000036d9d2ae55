"""More stories of the paper and the dissertation: terms, crashes, timing, clients, changes."""

from raft_script import Script
from raft_stories import STORIES as FIRST
from raft_stories import led

from minicloud.protocols.raft import Members, Register, Request, Role, Rules, Sessions


def terms():
    s = led("n1 n2 n3", "n1")
    s.say("paper 5.1: n1 is cut off in term 1, and n2 begins term 2")
    s.separate("n1", "n2 n3")
    s.do("n1", "propose", "of the past")
    s.stand("n2", "n3")
    s.settle()
    s.say("n1 is back: its message is of an old term, the answer tells it so, and it steps down")
    s.separate()
    s.do("n1", "tick", 2)
    s.settle()
    s.say("the leader of term 2 makes n1's log like its own")
    s.do("n2", "tick", 2)
    s.settle()
    s.logs()
    return s


def crashes():
    s = led("n1 n2 n3", "n1")
    s.say("paper 5.5: n3 is down; n1 goes on with n2, and asks n3 again and again")
    s.separate("n1 n2", "n3")
    s.do("n1", "propose", "x")
    s.settle()
    s.crash("n3")
    s.separate()
    s.do("n1", "tick", 2)
    s.settle()
    s.say("n3 takes y, and restarts before its answer is heard; the same comes once more")
    s.do("n1", "propose", "y")
    s.step("n1>n3")
    s.wire = [m for m in s.wire if m.sender != "n3"]
    s.crash("n3")
    s.do("n1", "tick", 2)
    s.settle()
    s.say("a candidate dies before its vote comes; it has voted for itself, and stands anew")
    s.separate("n1", "n2 n3")
    s.stand("n2", "n3")
    while s.rafts["n2"].role is not Role.CANDIDATE:
        s.step()
    s.step("n2>n3")
    s.crash("n2")
    s.settle()
    s.stand("n2", "n3")
    s.settle()
    s.logs()
    return s


def timing():
    s = Script("n1 n2 n3", rules=Rules(prevote=False))
    s.say("paper 5.2, 5.6: all three lose patience at once; each has its own vote, nobody wins")
    for name in ("n1", "n2", "n3"):
        s.do(name, "tick", 20)
    s.settle()
    s.say("votes that take longer than a candidate's patience are of a term that is over")
    s.do("n1", "tick", 20)
    s.step("n1>n2")
    s.do("n1", "tick", 20)
    s.step("n2>n1")
    s.lose()
    s.say("n2's patience ends first, by more than a message takes: one term, one leader")
    s.do("n2", "tick", 20)
    s.settle()
    return s


class Bank:
    """A state machine behind sessions on each server, fed with what the transcript applies."""

    def __init__(self, script, limit=2):
        self.script, self.balance = script, {}
        self.sessions = {}
        for name in script.rafts:
            self.balance[name] = 0
            self.sessions[name] = Sessions(self._machine(name), limit=limit)
        self.given = dict.fromkeys(script.rafts, 0)

    def _machine(self, name):
        def add(amount):
            self.balance[name] += amount
            return self.balance[name]

        return add

    def tell(self, name):
        """What the server's state machine answers to the entries it was given meanwhile."""
        raft = self.script.rafts[name]
        for entry in raft.entries(self.given[name] + 1, raft.applied - self.given[name]):
            if answer := self.sessions[name].apply(entry):
                self.script.lines.append(f"    {name} answers {entry.index}: {answer}")
        self.given[name] = raft.applied
        self.script.lines.append(f"    {name} holds {self.balance[name]}")


def clients():
    s = led("n1 n2 n3", "n1")
    bank = Bank(s)
    s.say("paper 8: n2 does not lead, and says who does; n1 gives the client a session")
    s.do("n2", "propose", Register())
    s.do("n1", "propose", Register())
    s.settle()
    bank.tell("n1")
    s.say("the client's deposit is committed, and n1 dies before it can say so")
    s.do("n1", "propose", Request(2, 1, 100))
    s.settle()
    s.separate("n1", "n2 n3")
    s.say("n2 leads; its no-op commits what came before; the client asks again, with its serial")
    s.stand("n2", "n3")
    s.settle()
    s.do("n2", "propose", Request(2, 1, 100))
    s.settle()
    bank.tell("n2")
    return s


def sessions():
    s = led("n1 n2 n3", "n1")
    bank = Bank(s, limit=2)
    s.say("dissertation 6.3: two clients; the second repeats itself, answered is forgotten")
    s.do("n1", "propose", Register())
    s.do("n1", "propose", Register())
    s.do("n1", "propose", Request(3, 1, 5))
    s.do("n1", "propose", Request(3, 1, 5))
    s.do("n1", "propose", Request(3, 2, 7, acknowledged=2))
    s.do("n1", "propose", Request(3, 1, 5))
    s.settle()
    bank.tell("n1")
    s.say("a third client: the session used longest ago makes room, on every replica the same")
    s.do("n1", "propose", Register())
    s.do("n1", "propose", Request(2, 1, 1))
    s.settle()
    bank.tell("n1")
    bank.tell("n2")
    s.say("a snapshot carries the sessions")
    s.lines.append(f"  {bank.sessions['n1'].dump()}")
    same = bank.sessions["n1"].dump() == bank.sessions["n2"].dump()
    s.lines.append(f"  n2 has {'the same' if same else 'others'}")
    return s


def one_at_a_time():
    s = led("n1 n2 n3 n4 n5", "n1", voters="n1 n2 n3")
    s.say("dissertation 4.1: one server at a time, and no change before the last is committed")
    s.do("n1", "change", Members(("n1", "n2", "n3", "n4", "n5")), joint=False)
    s.do("n1", "change", Members(("n1", "n2", "n3", "n4")), joint=False)
    s.do("n1", "change", Members(("n1", "n2", "n3", "n5")), joint=False)
    s.settle()
    s.do("n1", "change", Members(("n1", "n2", "n3", "n4", "n5")), joint=False)
    s.settle()
    s.logs()
    return s


def learner():
    s = led("n1 n2 n3 n4", "n1", voters="n1 n2 n3")
    s.say("dissertation 4.2.1: n4 has nothing; as a learner it gets the log, and no majority waits")
    for command in "ab":
        s.do("n1", "propose", command)
    s.settle()
    s.do("n1", "change", Members(("n1", "n2", "n3"), ("n4",)), joint=False)
    s.settle()
    s.say("it does not stand, however long nobody leads")
    s.do("n4", "tick", 20)
    s.say("it has caught up, and is made a voter")
    s.do("n1", "change", Members(("n1", "n2", "n3", "n4")), joint=False)
    s.settle()
    s.logs()
    return s


def disruptive(rules):
    def story():
        s = led("n1 n2 n3", "n1", rules=rules)
        s.say("dissertation 4.2.3: n3 is removed and does not hear of it, nor of anything")
        s.do("n1", "change", Members(("n1", "n2")), joint=False)
        s.wire = [m for m in s.wire if m.to != "n3"]
        s.settle()
        s.wire = [m for m in s.wire if m.to != "n3"]
        s.say("its patience ends, and it asks those who hear their leader well")
        s.do("n1", "tick", 2)
        s.settle()
        s.do("n3", "tick", 20)
        s.settle()
        return s

    return story


def away(rules):
    def story():
        s = led("n1 n2 n3", "n1", rules=rules)
        s.say("dissertation 9.6: n3 is alone for a while, and loses its patience three times")
        s.separate("n1 n2", "n3")
        for _ in range(3):
            s.do("n3", "tick", 20)
        s.say("n3 is back, and hears the leader")
        s.separate()
        s.do("n1", "tick", 2)
        s.settle()
        return s

    return story


STORIES = {
    **FIRST,
    "paper-5.1-terms": terms,
    "paper-5.5-crashes": crashes,
    "paper-5.6-timing": timing,
    "paper-8-clients": clients,
    "dissertation-4.1-one-at-a-time": one_at_a_time,
    "dissertation-4.2.1-learner": learner,
    "dissertation-4.2.3-disruptive-server": disruptive(Rules(prevote=False)),
    "dissertation-4.2.3-without": disruptive(Rules(prevote=False, stickiness=False)),
    "dissertation-6.3-sessions": sessions,
    "dissertation-9.6-prevote": away(Rules()),
    "dissertation-9.6-without": away(Rules(prevote=False)),
}
