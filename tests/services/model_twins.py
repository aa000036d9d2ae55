"""Slow, obvious twins of the data models: plain dicts on no machine at all, and whole scans."""


def kind(value):
    kinds = [type(None), bool, (int, float), str, bytes, tuple]
    return next(at for at, one in enumerate(kinds) if isinstance(value, one))


def sign(one, other):
    """-1, 0 or 1, as Python orders two values, and kinds of values before that."""
    if kind(one) != kind(other):
        return -1 if kind(one) < kind(other) else 1
    if isinstance(one, tuple):
        return compared(one, other)
    if one is None:
        return 0
    return (one > other) - (one < other)


def compared(row, other, down=()):
    for at, (mine, theirs) in enumerate(zip(row, other, strict=False)):
        if found := sign(mine, theirs):
            return -found if at < len(down) and down[at] else found
    return (len(row) > len(other)) - (len(row) < len(other))


class Taken(Exception):
    """What the model calls a duplicate."""


def look(document, path):
    """(value,) at a path, or ()."""
    for field in path.split("."):
        if not isinstance(document, dict) or field not in document:
            return ()
        document = document[field]
    return (document,)


def copied(document):
    return {k: copied(v) if isinstance(v, dict) else v for k, v in document.items()}


class DictDocuments:
    def __init__(self, unique=()):
        self.documents, self.unique = {}, unique

    def _only(self, document):
        for field in self.unique:
            for other in self.documents.values():
                same = look(document, field) == look(other, field) != ()
                if same and other["_id"] != document["_id"]:
                    raise Taken(field)

    def insert(self, document):
        if document["_id"] in self.documents:
            raise Taken("_id")
        self._only(document)
        self.documents[document["_id"]] = copied(document)

    def update(self, _id, *, set, unset):  # noqa: A002 - as the model has it
        if _id not in self.documents:
            return None
        new = copied(self.documents[_id])
        for path, value in set.items():
            part = new
            for field in path.split(".")[:-1]:
                part = part.setdefault(field, {})
            part[path.split(".")[-1]] = value
        for path in unset:
            part = new
            for field in path.split(".")[:-1]:
                part = part.get(field, {})
            part.pop(path.split(".")[-1], None)
        self._only(new)
        self.documents[_id] = new
        return new

    def replace(self, _id, document):
        if _id not in self.documents:
            return None
        new = {**copied(document), "_id": _id}
        self._only(new)
        self.documents[_id] = new
        return new

    def delete(self, _id):
        return self.documents.pop(_id, None) is not None

    def find_range(self, field, first=None, last=None, limit=None):
        having = [
            (look(d, field)[0], d["_id"], d) for d in self.documents.values() if look(d, field)
        ]
        having = [h for h in having if first is None or sign(h[0], first) >= 0]
        having = [h for h in having if last is None or sign(h[0], last) < 0]
        return [d for _, _, d in in_order(having)][:limit]

    def find(self, field, value, limit=None):
        having = [d for d in self.documents.values() if look(d, field) == (value,)]
        return sorted(having, key=lambda d: d["_id"])[:limit]


def in_order(rows, down=()):
    """Insertion sort, by value and then id."""
    found = []
    for row in rows:
        at = 0
        while at < len(found) and compared(row[:-1], found[at][:-1], down) > 0:
            at += 1
        found.insert(at, row)
    return found


class DictTable:
    """Rows by key; `down` for each clustering column, the last of which is the tie."""

    def __init__(self, partition, clustering, down):
        self.rows, self.partition, self.clustering, self.down = {}, partition, clustering, down

    def key(self, row):
        return tuple(row[c] for c in (*self.partition, *self.clustering))

    def upsert(self, row):
        self.rows[self.key(row)] = row

    def delete(self, row):
        self.rows.pop(self.key(row), None)

    def range(self, where, first=None, last=None):
        rows = [r for r in self.rows.values() if all(r[c] == v for c, v in where.items())]
        found = in_order([(*(r[c] for c in self.clustering), r) for r in rows], self.down)
        if first is not None:
            found = [f for f in found if compared(f[: len(first)], first, self.down) >= 0]
        if last is not None:
            found = [f for f in found if compared(f[: len(last)], last, self.down) < 0]
        return [f[-1] for f in found]


class DictGraph:
    def __init__(self, directed):
        self.edges, self.directed = [], directed

    def _same(self, one, other):
        return [(one, other)] if self.directed else [(one, other), (other, one)]

    def add_edge(self, one, other):
        new = not any(edge in self.edges for edge in self._same(one, other))
        if new:
            self.edges.append((one, other))
        return new

    def remove_edge(self, one, other):
        old = [edge for edge in self._same(one, other) if edge in self.edges]
        for edge in dict.fromkeys(old):
            self.edges.remove(edge)
        return bool(old)

    def neighbours(self, vertex):
        to = [b for a, b in self.edges if a == vertex]
        if not self.directed:
            to += [a for a, b in self.edges if b == vertex]
        return sorted(set(to))

    def sources(self, vertex):
        if not self.directed:
            return self.neighbours(vertex)
        return sorted({a for a, b in self.edges if b == vertex})

    def two_hops(self, vertex):
        near = self.neighbours(vertex)
        far = {two for one in near for two in self.neighbours(one)}
        return sorted(far - {vertex, *near})
