"""The stories of the paper and the dissertation, each a function that gives its transcript."""

from raft_script import Script

from minicloud.protocols.raft import Members, Rules, Settings

ONE = Settings(election_ticks=10, heartbeat_ticks=2, batch=1, window=1)
FIGURE_7 = {
    "leader": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
    "a": [1, 1, 1, 4, 4, 5, 5, 6, 6],
    "b": [1, 1, 1, 4],
    "c": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    "d": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    "e": [1, 1, 1, 4, 4, 4, 4],
    "f": [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
}


def led(names, leader, **kwargs):
    """A cluster with a leader; the transcript begins after its election."""
    s = Script(names, **kwargs)
    others = " ".join(name for name in s.rafts if name != leader)
    s.stand(leader, others)
    s.settle()
    s.lines.clear()
    return s


def election():
    s = Script("n1 n2 n3")
    s.say("paper 5.2, dissertation 9.6: n1 hears no leader, asks around, stands, and leads")
    s.stand("n1", "n2 n3")
    s.settle()
    s.say("dissertation 4.2.3: n3 loses patience; n2 has just heard n1, and does not even answer")
    s.separate("n1", "n2 n3")
    s.do("n3", "tick", 20)
    s.settle()
    s.say("paper 5.2: n2 has lost patience too; n1 learns of the new term when it is back")
    s.wait("n2")
    s.do("n3", "tick", 20)
    s.settle()
    s.separate()
    s.do("n1", "tick", 2)
    s.settle()
    return s


def older_log():
    logs = {"n1": [1, 2], "n2": [1, 2], "n3": [1, 1, 1]}
    s = Script("n1 n2 n3", logs=logs, terms=dict.fromkeys(logs, 2))
    s.say("paper 5.4.1: n3 has the longest log, but its last entry is of an older term")
    s.stand("n3", "n1 n2")
    s.settle()
    s.say("n1 wins with both, and n3 loses what was never committed")
    s.wait("n3")
    s.do("n1", "tick", 10)
    s.settle()
    s.logs()
    return s


def one_vote():
    s = Script("n1 n2 n3", rules=Rules(prevote=False))
    s.say("paper 5.2: n1 and n2 stand in the same term, without asking first; n3 votes once")
    s.wait("n1 n2 n3")
    s.do("n1", "tick", 10)
    s.do("n2", "tick", 10)
    s.separate("n1 n3", "n2")
    s.step("n1>n3")
    s.say("n3 restarts, and n2 asks: the vote was on the disk")
    s.crash("n3")
    s.wait("n3")
    s.separate()
    s.settle()
    return s


def replication():
    s = led("n1 n2 n3", "n1")
    s.say("paper 5.3: commands go to all, are committed with the first answer, applied everywhere")
    s.do("n1", "propose", "x")
    s.settle()
    s.say("dissertation 10.2.1: the next go out before the first are answered; one loss is mended")
    s.do("n1", "propose", "y")
    s.do("n1", "propose", "z")
    s.lose(2)
    s.settle()
    s.say("n1 crashes and comes back: what was written is there, to be committed anew")
    s.crash("n1")
    s.stand("n1", "n2 n3")
    s.settle()
    s.logs()
    return s


def figure_7(name):
    logs = {who: terms for who, terms in FIGURE_7.items() if who in ("leader", name)}
    logs["voter"] = FIGURE_7["leader"]

    def story():
        s = Script(" ".join(logs), logs=logs, terms=dict.fromkeys(logs, 7))
        s.say(f"paper Figure 7 ({name}): the leader of term 8 makes this follower's log equal")
        s.logs()
        s.stand("leader", f"voter {name}")
        s.separate(f"leader {name}", "voter")
        s.wire = [m for m in s.wire if "voter" in (m.to, m.sender)]
        s.separate()
        while s.rafts["leader"].term < 8 or not s.rafts["leader"].leads:
            s.step()
        s.say("the election is won with the voter's vote; now the leader meets the follower")
        s.settle()
        s.logs()
        return s

    return story


def figure_8(rules, ending):
    def story():
        logs = {"s1": [1, 2], "s2": [1, 2], "s3": [1], "s4": [1], "s5": [1, 3]}
        s = Script(
            "s1 s2 s3 s4 s5", logs=logs, rules=rules, settings=ONE, terms=dict.fromkeys(logs, 3)
        )
        s.say("paper Figure 8 (b): s1 led term 2, s5 led term 3, neither got far")
        s.logs()
        s.say("(c): s1 leads term 4 by the votes of s2 and s3, and brings its old entry to s3")
        s.separate("s1 s2 s3", "s4", "s5")
        s.stand("s1", "s2 s3 s4 s5")
        while s.rafts["s3"].term_at(2) != 2:
            s.step()
        s.step("s3>s1")
        s.logs()
        ending(s)
        s.logs()
        return s

    return story


def ending_d(s):
    s.say("(d): s1 crashes before more is sent; s5 leads term 5, and its entry takes that place")
    s.lose()
    s.separate("s1", "s2 s3 s4 s5")
    s.wait("s2 s3")
    s.do("s5", "tick", 20)
    s.settle()
    s.do("s5", "tick", 20)
    s.settle()


def ending_e(s):
    s.say("(e): s1 brings an entry of its own term to a majority; s5 can't win any more")
    s.settle()
    s.separate("s1", "s2 s3 s4 s5")
    s.wait("s2 s3")
    s.do("s5", "tick", 20)
    s.settle()


def snapshot():
    s = led("n1 n2 n3", "n1")
    s.say("paper 7: n3 hears nothing; the others go on, and compact their logs")
    s.separate("n1 n2", "n3")
    for command in "abc":
        s.do("n1", "propose", command)
    s.settle()
    s.do("n1", "compact", 4, "state after c")
    s.do("n2", "compact", 3, "state after b", keep=1)
    s.do("n1", "propose", "d")
    s.settle()
    s.say("n3 is back: its next entry is gone, so it gets the snapshot, then the rest")
    s.separate()
    s.do("n1", "tick", 2)
    s.settle()
    s.do("n1", "tick", 2)
    s.settle()
    s.say("n3 restarts from what it wrote")
    s.crash("n3")
    s.do("n1", "tick", 2)
    s.settle()
    return s


def joint():
    s = led("n1 n2 n3 n4 n5", "n1", voters="n1 n2 n3")
    s.say("dissertation 4.2.1: n4 and n5 come as learners, get the log, and have no vote")
    s.do("n1", "change", Members(("n1", "n2", "n3"), ("n4", "n5")), joint=False)
    s.settle()
    s.say("paper 6: to {n3 n4 n5}; two majorities must agree while it lasts; n1 leads to the end")
    s.do("n1", "change", Members(("n3", "n4", "n5")))
    s.do("n1", "change", Members(("n1", "n2")))
    s.settle()
    s.say("n1 is no member any more and has stepped down; the new members go on")
    s.stand("n4", "n3 n5")
    s.settle()
    return s


def removal_of_the_leader():
    s = led("n1 n2", "n1")
    s.say("dissertation 4.2.2: n1 leaves {n1 n2}, and is cut off before n2 hears of it")
    s.do("n1", "change", Members(("n2",)), joint=False)
    s.lose()
    s.say("n1 gives up after an election timeout; n2 can't win with the older log, n1 can, though")
    s.do("n1", "tick", 10)
    s.lose()
    s.do("n1", "tick", 2)
    s.stand("n2", "n1")
    s.settle()
    s.stand("n1", "n2")
    s.settle()
    return s


def bug_of_2015(rules):
    def story():
        s = led("s1 s2 s3 s4 s5", "s1", voters="s1 s2 s3 s4", rules=rules)
        s.say("single-server changes, raft-dev 2015: s1 adds s5, and only s5 hears of it")
        s.separate("s1 s5", "s2 s3 s4")
        s.do("s1", "change", Members(("s1", "s2", "s3", "s4", "s5")), joint=False)
        s.settle()
        s.say("s2 leads term 2, and removes s1 at once; only s3 hears of it")
        s.stand("s2", "s3 s4")
        while not s.rafts["s2"].leads:
            s.step()
        s.separate("s1 s5", "s2 s3", "s4")
        s.do("s2", "change", Members(("s2", "s3", "s4")), joint=False)
        s.settle()
        s.say("s1 stands among five, and s4 has heard of nothing")
        s.separate("s1 s4 s5", "s2 s3")
        s.lose()
        s.do("s1", "tick", 10)
        s.lose()
        s.wait("s4 s5")
        s.do("s1", "tick", 20)
        s.settle()
        s.do("s1", "tick", 20)
        s.settle()
        s.logs()
        return s

    return story


def transfer():
    s = led("n1 n2 n3", "n1")
    s.say("dissertation 3.10: n1 brings n3 up to date, calls on it, and takes no more proposals")
    s.separate("n1 n2", "n3")
    s.do("n1", "propose", "a")
    s.settle()
    s.separate()
    s.do("n1", "transfer", "n3")
    s.do("n1", "propose", "b")
    s.do("n1", "tick", 2)
    s.settle()
    s.say("n3 does not come: after an election timeout the leader goes on")
    s.separate("n1", "n2 n3")
    s.do("n3", "transfer", "n1")
    s.settle()
    for _ in range(5):
        s.do("n3", "tick", 2)
        s.settle()
    s.do("n3", "propose", "c")
    s.settle()
    return s


def read_index():
    s = led("n1 n2 n3", "n1")
    s.say("dissertation 6.4: a leader answers a read when a majority has heard from it since")
    s.do("n1", "read", "r1")
    s.settle()
    s.say("a follower asks the leader")
    s.do("n2", "read", "r2")
    s.settle()
    s.say("alone, the leader answers nothing, and gives up; who knows no leader says so")
    s.separate("n1", "n2 n3")
    s.do("n1", "read", "r3")
    s.do("n1", "tick", 10)
    s.do("n1", "read", "r4")
    s.say("a new leader answers only when an entry of its own term is committed")
    s.stand("n2", "n3")
    while not s.rafts["n2"].leads:
        s.step()
    s.do("n2", "read", "r5")
    s.settle()
    return s


def lease():
    s = led("n1 n2 n3", "n1")
    s.say("dissertation 6.4.1: the heartbeats just answered are a lease of 9 ticks")
    s.do("n1", "read", "r1", lease=True)
    s.separate("n1", "n2 n3")
    s.do("n1", "tick", 8)
    s.do("n1", "read", "r2", lease=True)
    s.say("it is over: a round of heartbeats must show who leads")
    s.do("n1", "tick", 1)
    s.do("n1", "read", "r3", lease=True)
    s.say("who has called on a successor has no lease, though the round was answered")
    s = _after(s, led("n1 n2 n3", "n1"))
    s.do("n1", "transfer", "n2")
    s.do("n1", "read", "r4", lease=True)
    return s


def _after(old, new):
    new.lines[:0] = old.lines
    return new


def bridge():
    s = led("n1 n2 n3", "n1")
    s.say("dissertation 6.2: n1 is heard and hears nobody; it gives up, and n2 leads")
    s.cut = {("n2", "n1"), ("n3", "n1")}
    for _ in range(5):
        s.do("n1", "tick", 2)
        s.settle()
    s.stand("n2", "n3")
    s.settle()
    return s


STORIES = {
    "paper-5.2-election": election,
    "paper-5.2-one-vote": one_vote,
    "paper-5.3-replication": replication,
    "paper-5.4.1-older-log": older_log,
    **{f"paper-figure-7-{name}": figure_7(name) for name in "abcdef"},
    "paper-figure-8-with-the-rule": figure_8(Rules(), ending_d),
    "paper-figure-8-with-the-rule-e": figure_8(Rules(), ending_e),
    "paper-figure-8-without": figure_8(Rules(commit_current_term_only=False), ending_d),
    "paper-6-joint-consensus": joint,
    "paper-7-snapshot": snapshot,
    "dissertation-3.10-transfer": transfer,
    "dissertation-4.2.2-removal-of-the-leader": removal_of_the_leader,
    "dissertation-6.2-check-quorum": bridge,
    "dissertation-6.4-read-index": read_index,
    "dissertation-6.4.1-lease": lease,
    "single-server-2015-with-the-noop": bug_of_2015(Rules()),
    "single-server-2015-without": bug_of_2015(Rules(noop_before_membership_change=False)),
}
