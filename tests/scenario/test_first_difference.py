from minicloud.scenario.twice import first_difference

HEADER = {"type": "header", "schema": 1}


def send(number, to, *, kind="Gossip", time=0, payload="x"):
    return {
        "type": "send",
        "time": time,
        "id": f"n1.1:{number}",
        "cause": None,
        "destination": to,
        "kind": kind,
        "payload": payload,
    }


def site(text):
    return {"type": "site", "time": 0, "site": text}


def note(text):
    return {"type": "note", "time": 0, "text": text}


def test_equal_traces_do_not_differ():
    trace = [HEADER, send(0, "n2"), note("a"), send(1, "n3")]
    assert first_difference(trace, [HEADER, send(0, "n2"), send(1, "n3"), note("b")]) is None


def test_the_first_event_that_differs_is_named_with_its_call_site():
    where = 'gossip.py:22 "for peer in self.seen"'
    one = [site("a.py:1"), send(0, "n2"), site(where), send(1, "n2", time=3_207_000_000)]
    two = [send(0, "n2"), note("x"), site(where), send(1, "n4", time=3_207_000_000)]
    found = first_difference(one, two)
    assert found is not None
    assert found.event == 2
    assert found.sentence == (
        "event 2 (3.207 s): n1 sent Gossip to n2 in one, to n4 in the other, "
        'from gossip.py:22 "for peer in self.seen"'
    )


def test_a_payload_that_differs():
    found = first_difference(
        [send(0, "n2", payload={"at": 1.5})], [send(0, "n2", payload={"at": 2})]
    )
    assert found is not None
    assert "n1 sent Gossip to n2, with payload {'at': 1.5} and {'at': 2}" in found.sentence


def test_a_trace_that_ends_first():
    found = first_difference([send(0, "n2")], [send(0, "n2"), send(1, "n3")])
    assert found is not None
    assert found.event == 2
    assert "n1 sent Gossip to n3 in one, and the other has ended" in found.sentence


def test_events_of_different_types():
    crash = {"type": "crash", "time": 5, "incarnation": "n2.1", "reason": "fault"}
    found = first_difference([send(0, "n2")], [crash])
    assert found is not None
    assert "n1 sent Gossip to n2 in one, n2 crashed in the other" in found.sentence
