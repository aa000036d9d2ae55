"""Hypothesis does the same to a model and to its slow twin; all answers must be equal."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from model_twins import DictDocuments, DictGraph, DictTable, Taken

from minicloud import kv
from minicloud.testing import Simulation

QUICK = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

IDS = st.integers(0, 5)
CITIES = st.sampled_from(["Rome", "Turin", "Ulm", 3, 2.5, None])
MAILS = st.sampled_from(["a@x", "b@x", "c@x"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "mail": MAILS,
        "age": st.integers(-2, 3),
        "home": st.fixed_dictionaries({}, optional={"city": CITIES, "zip": st.integers(0, 3)}),
    },
)
FULL = st.fixed_dictionaries(
    {"age": st.integers(-2, 3), "home": st.fixed_dictionaries({"city": CITIES})}
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={"mail": MAILS, "age": st.integers(-2, 3), "home.city": CITIES, "home.new.x": CITIES},
)
UNSET = st.lists(st.sampled_from(["home.zip", "home.none.y", "other"]), unique=True)
LIMITS = st.none() | st.integers(1, 3)


class Pair(RuleBasedStateMachine):
    """A model on fresh stores, and its twin."""

    stores = 1
    spec = kv.Single()

    def __init__(self):
        super().__init__()
        self.sim = Simulation()
        stores = [self.sim.cloud.start(self.spec) for _ in range(self.stores)]
        self.clients = [store.client(f"of-{store.name}") for store in stores]

    def same(self, model, twin, *args, **options):
        """Both do it, and say the same."""
        try:
            wanted = twin(*args, **options)
        except Taken:
            with pytest.raises(kv.Duplicate):
                self.sim.call(model, *args, **options)
        else:
            assert self.sim.call(model, *args, **options) == wanted

    def plain(self, value):
        return value

    def teardown(self):
        self.sim.finish()


class DocumentsPair(Pair):
    options = {"indexes": ("home.city", "age"), "unique": ("mail",)}

    def __init__(self):
        super().__init__()
        self.model = kv.Documents(self.clients, "users", **self.options)
        self.twin = DictDocuments(self.options.get("unique", ()))

    @initialize(all_fields=st.lists(FULL, max_size=6))
    def begin(self, all_fields):
        for _id, fields in enumerate(all_fields):
            self.insert(_id, fields)

    @rule(_id=IDS, fields=FIELDS)
    def insert(self, _id, fields):
        document = {"_id": _id, **self.plain(fields)}
        try:
            self.twin.insert(document)
        except Taken:
            with pytest.raises(kv.Duplicate):
                self.sim.call(self.model.insert, document)
        else:
            assert self.sim.call(self.model.insert, document) == _id

    @rule(_id=IDS, changes=CHANGES, unset=UNSET)
    def update(self, _id, changes, unset):
        self.same(self.model.update, self.twin.update, _id, set=self.plain(changes), unset=unset)

    @rule(_id=IDS, fields=FIELDS)
    def replace(self, _id, fields):
        self.same(self.model.replace, self.twin.replace, _id, self.plain(fields))

    @rule(_id=IDS)
    def delete(self, _id):
        self.same(self.model.delete, self.twin.delete, _id)

    @rule(_id=IDS)
    def get(self, _id):
        self.same(self.model.get, self.twin.documents.get, _id)

    @rule(city=CITIES, age=st.integers(-2, 3), mail=MAILS, limit=LIMITS)
    def find(self, city, age, mail, limit):
        if "indexes" in self.options:
            self.same(self.model.find, self.twin.find, "home.city", city, limit=limit)
            self.same(self.model.find, self.twin.find, "age", age, limit=limit)
        if "unique" in self.options:
            self.same(self.model.find, self.twin.find, "mail", mail)

    @rule(first=st.none() | CITIES, last=st.none() | CITIES, limit=LIMITS)
    def find_range(self, first, last, limit):
        if "indexes" in self.options:
            same = self.model.find_range, self.twin.find_range
            self.same(*same, "home.city", first, last, limit=limit)

    @rule()
    def audit(self):
        if "indexes" in self.options:
            found = self.sim.call(self.model.audit)
            assert found.clean
            assert found.documents == len(self.twin.documents)


class LocalPair(DocumentsPair):
    stores = 3
    options = {"indexes": ("home.city", "age")}


class GlobalPair(DocumentsPair):
    stores = 3
    options = {"indexes": ("home.city", "age"), "index": "global"}


class WholePair(DocumentsPair):
    stores, spec = 2, kv.Quorum()
    options = {"merge": "document"}


def pruned(document):
    """Without empty documents: a map that merges has fields, and no document of none."""
    if not isinstance(document, dict):
        return document
    parts = {field: pruned(value) for field, value in document.items()}
    return {field: part for field, part in parts.items() if part != {}}


class FieldPair(DocumentsPair):
    stores, spec = 2, kv.Quorum(conflicts="lww-map")
    options = {"merge": "field"}

    def same(self, model, twin, *args, **options):
        assert pruned(self.sim.call(model, *args, **options)) == pruned(twin(*args, **options))

    def plain(self, value):
        """Nothing is None in a map that merges."""
        if isinstance(value, dict):
            return {field: self.plain(part) for field, part in value.items()}
        return "nowhere" if value is None else value


@pytest.mark.parametrize("pair", [DocumentsPair, LocalPair, GlobalPair, WholePair, FieldPair])
def test_documents_do_what_a_dict_does(pair):
    run_state_machine_as_test(pair, settings=QUICK)


class TablePair(Pair):
    clustering, down, options = ("-at", "kind"), (True, False, False), {}

    def __init__(self):
        super().__init__()
        self.model = kv.Table(
            self.clients, "seen", partition=["user"], clustering=self.clustering, **self.options
        )
        columns = [column.lstrip("-") for column in self.clustering]
        self.twin = DictTable(["user"], [*columns, "_tie"], self.down)

    @rule(user=st.sampled_from("ab"), at=st.integers(-9, 9) | st.floats(-9, 9), kind=CITIES)
    def append(self, user, at, kind):
        written = self.sim.call(self.model.append, {"user": user, "at": at, "kind": kind})
        self.twin.upsert(written.row)
        if "max_rows" in self.options:
            rows = len(self.twin.range({"user": user}))
            assert (written.rows, written.too_large) == (rows, rows > 3)

    @rule(data=st.data(), what=st.text())
    def upsert(self, data, what):
        if self.twin.rows:
            row = data.draw(st.sampled_from(list(self.twin.rows.values())))
            self.sim.call(self.model.upsert, {**row, "what": what})
            self.twin.upsert({**row, "what": what})

    @rule(data=st.data())
    def delete(self, data):
        if self.twin.rows:
            row = data.draw(st.sampled_from(list(self.twin.rows.values())))
            assert self.sim.call(self.model.get, row) == row
            self.sim.call(self.model.delete, row)
            self.sim.call(self.model.delete, row)
            self.twin.delete(row)
            assert self.sim.call(self.model.get, row) is None

    @rule(
        user=st.sampled_from("ab"),
        first=st.none() | st.tuples(st.integers(-9, 9)),
        last=st.none() | st.tuples(st.integers(-9, 9), CITIES),
        limit=st.integers(1, 5),
    )
    def range(self, user, first, last, limit):
        if "bucket" in self.options:
            first, last = (
                first or (9 if self.down[0] else -9,),
                last or (-9.5 if self.down[0] else 9.5,),
            )
        wanted, token, met = self.twin.range({"user": user}, first, last), None, []
        while True:
            where = {"first": first, "last": last, "limit": limit, "after": token}
            page = self.sim.call(self.model.range, {"user": user}, **where)
            met += page
            if page.next is None:
                break
            assert len(page) == limit
            token = page.next
        assert met == wanted


class CountedPair(TablePair):
    stores = 2
    options = {"max_rows": 3}


class BucketPair(TablePair):
    stores = 3
    options = {"bucket": 2.5}


class UpwardsPair(BucketPair):
    clustering, down = ("at", "-kind"), (False, True, True)


@pytest.mark.parametrize("pair", [TablePair, CountedPair, BucketPair, UpwardsPair])
def test_a_table_does_what_sorted_rows_do(pair):
    run_state_machine_as_test(pair, settings=QUICK)


VERTICES = st.integers(0, 5)


class GraphPair(Pair):
    directed = False

    def __init__(self):
        super().__init__()
        self.model = kv.Graph(self.clients, "friends", directed=self.directed)
        self.twin = DictGraph(self.directed)

    @rule(one=VERTICES, other=VERTICES)
    def add_edge(self, one, other):
        self.same(self.model.add_edge, self.twin.add_edge, one, other)

    @rule(one=VERTICES, other=VERTICES)
    def remove_edge(self, one, other):
        self.same(self.model.remove_edge, self.twin.remove_edge, one, other)

    @rule(vertex=VERTICES)
    def ask(self, vertex):
        for question in ("neighbours", "sources", "two_hops"):
            self.same(getattr(self.model, question), getattr(self.twin, question), vertex)
        assert self.sim.call(self.model.degree, vertex) == len(self.twin.neighbours(vertex))

    @rule()
    def nothing_to_repair(self):
        assert self.sim.call(self.model.repair) == []


class DirectedPair(GraphPair):
    stores, directed = 3, True


@pytest.mark.parametrize("pair", [GraphPair, DirectedPair])
def test_a_graph_does_what_a_list_of_edges_does(pair):
    run_state_machine_as_test(pair, settings=QUICK)
