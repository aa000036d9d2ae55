"""The load of any service: which calls, how often, with what arguments, and what came of them."""

from collections import Counter

import pytest

from minicloud import Client, Host, Node, Refused, Request, handle, operation
from minicloud.cloud import run_cloud
from minicloud.errors import UsageError
from minicloud.workload import Every, Workload


def in_cloud(main, *, seed=0, **options):
    run = run_cloud(main, seed=seed, **options)
    if run.exception is not None:
        raise run.exception
    return run


class Move(Request[int], service="bank"):
    source: str
    target: str
    amount: int


class Bank(Node):
    def __init__(self, *, opening=100):
        self.accounts = {"a": opening, "b": opening}

    @handle
    def move(self, request: Move) -> int:
        if self.accounts[request.source] < request.amount:
            raise Refused("not enough")
        self.accounts[request.source] -= request.amount
        self.accounts[request.target] += request.amount
        return self.accounts[request.source]


class Dull(Exception):
    """What a library of somebody else's raises."""


class Teller(Client):
    def __init__(self, *, bank="bank", cross=False):
        self.bank, self.cross = bank, cross

    @operation()
    async def move(self, source, target, amount):
        return await self.call(self.bank, Move(source, target, amount), timeout=0.5)

    @operation()
    async def look(self):
        await self.sleep(0.01)

    @operation(fail=(Dull,), unknown=(TimeoutError,))
    async def foreign(self, what):
        if self.cross:
            raise ZeroDivisionError
        raise Dull if what == "dull" else TimeoutError


def moves(draw):
    source = draw.choice("ab")
    return source, "b" if source == "a" else "a", 1 + draw.integer(9)


def loaded(cloud, of=Teller, *, calls=None, lasts=20, **options):
    if "bank" not in cloud.hosts:
        cloud.node("bank", Bank)
    return cloud.start(Workload(of, calls=calls or {"move": moves}, lasts=lasts, **options))


def asked(load):
    return [(op.client, op.f, op.argument) for op in load.operations()]


def test_clients_call_what_they_are_told_with_drawn_arguments():
    async def main(cloud):
        load = loaded(cloud, per_s=50)
        await load.finish(within=1)
        accounts = cloud.hosts["bank"].peek.accounts
        assert sum(accounts.values()) == 200
        assert [client.name for client in load.clients] == ["load-1", "load-2", "load-3"]
        assert sum(load.counts.values()) == len(load.operations())
        return load

    load = in_cloud(main).value
    assert len(load.operations()) > 500
    assert load.counts["ok"] > load.counts["fail"] > 0
    assert {type(argument) for _, _, argument in asked(load)} == {list}
    assert repr(load).startswith("<Load load on Teller: {'ok': ")


def test_calls_come_as_often_as_they_weigh():
    async def main(cloud):
        load = loaded(
            cloud,
            calls={"move": moves, "look": None, "foreign": lambda draw: "dull"},
            weights={"move": 3, "foreign": 0},
            per_s=100,
            lasts=40,
        )
        await load.finish(within=1)
        return Counter(f for _, f, _ in asked(load))

    counts = in_cloud(main).value
    total = sum(counts.values())
    assert set(counts) == {"move", "look"}
    assert abs(counts["move"] - 0.75 * total) < 6 * (0.75 * 0.25 * total) ** 0.5


def test_neither_another_weight_nor_another_client_moves_the_arguments_of_a_call():
    def arguments(**options):
        async def main(cloud):
            calls = {"move": moves, "look": None}
            load = loaded(cloud, calls=calls, arrivals=None, lasts=30, **options)
            await load.finish(within=1)
            return [a for client, f, a in asked(load) if (client, f) == ("load-1", "move")]

        return in_cloud(main).value

    plain = arguments(per_s=30)
    heavy = arguments(per_s=30, weights={"look": 5})
    more = arguments(per_s=40, clients=4)
    assert plain == more
    assert plain[: len(heavy)] == heavy
    assert len(heavy) > 20


@pytest.mark.parametrize(("drawn", "args"), [(7, 7), ((7,), 7), ([7], [7]), ("dull", "dull")])
def test_what_is_drawn_is_a_tuple_of_arguments_or_the_only_one(drawn, args):
    async def main(cloud):
        load = loaded(cloud, calls={"foreign": lambda draw: drawn}, per_s=10)
        await load.finish(within=1)
        return {str(argument) for _, _, argument in asked(load)}

    assert in_cloud(main).value == {str(args)}


def test_fresh_values_are_given_once_also_by_a_second_load_on_the_same():
    async def main(cloud):
        calls = {"foreign": lambda draw: draw.fresh()}
        loads = [loaded(cloud, calls=calls, per_s=100, lasts=5) for _ in range(3)]
        for load in loads:
            await load.finish(within=1)
        return [op.argument for op in cloud.history.operations()]

    values = in_cloud(main).value
    assert len(values) > 1000
    assert len(set(values)) == len(values)


@pytest.mark.parametrize(("what", "counted"), [("dull", "fail"), ("slow", "info")])
def test_errors_of_a_foreign_library_are_counted_as_its_operation_says(what, counted):
    async def main(cloud):
        load = loaded(cloud, calls={"foreign": lambda draw: what}, per_s=20)
        await load.finish(within=1)
        assert {op.outcome for op in load.operations()} == {counted}
        return load.counts

    counts = in_cloud(main).value
    assert counts[counted] == sum(counts.values()) > 100


def test_a_bug_of_the_client_fails_no_crash():
    async def main(cloud):
        load = loaded(cloud, calls={"foreign": lambda draw: "x"}, arguments={"cross": True})
        await load.finish(within=1)

    (check,) = in_cloud(main).checks
    assert check.name == "no-crash"
    assert "ZeroDivisionError" in check.detail


def test_a_mistake_in_drawing_ends_the_run_with_it():
    async def main(cloud):
        loaded(cloud, calls={"foreign": lambda draw: draw.nothing})
        await cloud.sleep(5)

    assert isinstance(run_cloud(main).exception, AttributeError)


@pytest.mark.parametrize("how", ["class", "handle", "function"])
def test_clients_come_from_a_class_a_handle_or_a_function(how):
    class Handle:
        name = "the bank"

        def __init__(self, cloud):
            self.client = lambda name, **kwargs: cloud.client(name, Teller, **kwargs)

    async def main(cloud):
        handle = Handle(cloud)
        of = {"class": Teller, "handle": handle, "function": handle.client}[how]
        cloud.node("other", Bank)
        load = loaded(cloud, of, arguments={"bank": "other"}, per_s=20)
        await load.finish(within=1)
        assert all(isinstance(host, Host) for host in load.hosts)
        assert load.counts["ok"] > 100
        return cloud.hosts["bank"].peek.accounts, cloud.hosts["other"].peek.accounts

    idle, busy = in_cloud(main).value
    assert idle == {"a": 100, "b": 100} != busy


def test_a_closed_loop_waits_for_the_answer():
    async def main(cloud):
        load = loaded(cloud, calls={"look": None}, clients=1, arrivals=Every(100), mode="closed")
        await cloud.sleep(1.005)
        return [op.start_ns for op in load.operations()]

    assert in_cloud(main).value == [10_000_000 + 20_000_000 * n for n in range(50)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"clients": 0}, "Workload: clients=0: give a number from 1"),
        ({"mode": "ajar"}, "Workload: mode='ajar': write 'open' or 'closed'"),
        ({"lasts": -1}, "Workload: lasts=-1: give seconds above 0"),
        ({"per_s": 0}, "per_s must be a rate above 0"),
        ({"calls": {}}, "Workload: give calls, such as"),
        ({"calls": {"look": 5}}, r"calls\['look'\] is 5: give a function"),
        ({"calls": {"loook": None}}, "Teller has no method 'loook'"),
        ({"weights": {"loook": 1}}, r"weights\['loook'\]: it is none of the calls"),
        ({"weights": {"look": -1}}, r"weights\['look'\]=-1: give a number from 0"),
        ({"weights": {"look": 0}}, "every weight is 0"),
        ({"of": 5}, r"Workload\(5\): give a service's handle, or a subclass of Client"),
    ],
)
def test_a_workload_that_cannot_be_is_refused_when_it_is_described(options, words):
    with pytest.raises(UsageError, match=words):
        Workload(**{"of": Teller, "calls": {"look": None}, **options})


def test_a_handle_whose_clients_lack_a_call_is_refused():
    async def main(cloud):
        def make(name):
            return cloud.client(name)

        with pytest.raises(UsageError, match="Client has no method 'look'"):
            cloud.start(Workload(make, calls={"look": None}))

    in_cloud(main)
