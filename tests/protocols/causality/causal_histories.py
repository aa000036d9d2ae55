"""Causal histories: the slow and obvious twin of every clock of siblings.

An event has a number; what somebody knows is the set of all events before. Nothing is compressed.
"""

from hypothesis import strategies as st

SERVERS = ("a", "b", "c")


class Histories:
    """Servers that hold versions: a value's event, and all that its writer knew."""

    def __init__(self):
        self.held = {name: {} for name in SERVERS}
        self.count = 0

    def get(self, server):
        """Events now live, and the context: all events that are known here."""
        versions = self.held[server]
        return sorted(versions), frozenset().union(*versions.values())

    def put(self, server, context):
        self.count += 1
        event = self.count
        kept = {e: past for e, past in self.held[server].items() if e not in context}
        self.held[server] = {**kept, event: frozenset(context) | {event}}
        return event

    def sync(self, to, source):
        both = {**self.held[to], **self.held[source]}
        for event in list(both):
            if any(event in past for other, past in both.items() if other != event):
                del both[event]
        self.held[to] = both


server = st.sampled_from(SERVERS)
client = st.integers(0, 2)
scripts = st.lists(
    st.one_of(
        st.tuples(st.just("get"), server, client),
        st.tuples(st.just("put"), server, client),
        st.tuples(st.just("blind"), server, client),
        st.tuples(st.just("sync"), server, server),
    ),
    max_size=30,
)


def play(script, make):
    """Run a script on histories and on a clock of siblings; give both after each step.

    `make()` is a world with get(server) -> (values, context), put(server, context, value, client),
    sync(to, source). A value is the number of its event.
    """
    truth, world = Histories(), make()
    known = {}
    for kind, where, who in script:
        if kind == "get":
            known[who] = truth.get(where)[1], world.get(where)[1]
        elif kind == "sync":
            truth.sync(where, who)
            world.sync(where, who)
        else:
            fresh = frozenset(), None
            mine, theirs = known.get(who, fresh) if kind == "put" else fresh
            event = truth.put(where, mine)
            world.put(where, theirs, event, f"client-{who}")
        yield truth, world
