"""What is left out of a model on purpose, Hypothesis and the model's slow twin find."""

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from test_models_twins import QUICK, CountedPair, DocumentsPair, GraphPair, LocalPair, TablePair

from minicloud import kv
from minicloud.services.kv.models import graph
from minicloud.services.kv.models.documents import indexes, writers
from minicloud.services.kv.models.documents.finding import Finder
from minicloud.services.kv.models.keys import encode
from minicloud.services.kv.models.table.layout import Layout
from minicloud.services.kv.models.table.sizes import Counted

THOROUGH = settings(QUICK, max_examples=200, phases=[Phase.generate], derandomize=True)


def old_entries_stay(patch):
    real = writers.differences
    patch.setattr(writers, "differences", lambda keys, step: (real(keys, step)[0], []))
    return DocumentsPair


def documents_in_the_order_of_entries(patch):
    """The parts of several shards one after the other."""
    patch.setattr(Finder, "_matching", lambda self, found, field, wanted, limit: found[:limit])
    return LocalPair


def unique_is_an_index_like_any_other(patch):
    real = indexes.Keys.__init__
    patch.setattr(indexes.Keys, "__init__", lambda self, n, i, u: real(self, n, (*u, *i), ()))
    return DocumentsPair


def descending_forgotten(patch):
    patch.setattr(Layout, "_order", lambda self, values: encode(values))
    return TablePair


def rows_counted_twice(patch):
    """A row that is written again is another row."""
    real = Counted.delete

    async def delete(self, shard, place, options):
        await shard.client.add(self._layout.size_of(place), -1)
        await real(self, shard, place, options)

    patch.setattr(Counted, "delete", delete)
    return CountedPair


def friends_are_friends_of_friends(patch):
    async def two_hops(self, vertex, **options):
        found = [two for one in await self.neighbours(vertex) for two in await self.neighbours(one)]
        return graph._in_order(one for one in found if one != vertex)

    patch.setattr(graph.Graph, "two_hops", two_hops)
    return GraphPair


MUTANTS = [
    old_entries_stay,
    documents_in_the_order_of_entries,
    unique_is_an_index_like_any_other,
    descending_forgotten,
    rows_counted_twice,
    friends_are_friends_of_friends,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_mutant_is_told_from_its_twin(mutant, monkeypatch):
    pair = mutant(monkeypatch)
    with pytest.raises((AssertionError, kv.Contended, kv.Duplicate, pytest.fail.Exception)):
        run_state_machine_as_test(pair, settings=THOROUGH)
