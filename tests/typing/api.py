"""Types carry through: this file is only type-checked, by `mypy --strict`."""

from typing import assert_type

from minicloud import Client, Cloud, Host, Load, Message, Node, Request, handle, kv, operation


class Version(Message):
    n: int


class Put(Request[Version]):
    key: str


class Replica(Node):
    def __init__(self, *, w: int = 2) -> None:
        self.w = w

    @handle
    async def put(self, request: Put) -> Version:
        assert_type(await self.call("peer", request), Version)
        assert_type(await self.quorum(["a", "b"], request, need=1), dict[str, Version])
        return Version(1)


class Teller(Client):
    def __init__(self, *, bank: str) -> None:
        self.bank = bank

    @operation(key="key")
    async def put(self, key: str, n: int) -> int:
        return (await self.call(self.bank, Put(key))).n + n


async def uses(cloud: Cloud) -> None:
    host = cloud.node("r1", Replica, w=3)
    assert_type(host, Host[Replica])
    assert_type(host.peek.w, int)
    cloud.node("r2", Replica, w="three")  # type: ignore[arg-type]
    cloud.node("r3", Replica, v=3)  # type: ignore[call-arg]
    assert_type(cloud.client("alice"), Client)
    teller = cloud.client("t", Teller, bank="r1")
    assert_type(teller, Teller)
    assert_type(await teller.put("x", 1), int)
    cloud.client("u", Teller)  # type: ignore[call-overload]
    assert_type(await teller.call(host, Put("x")), Version)
    store = cloud.start(kv.Quorum(nodes=3))
    assert_type(store.name, str)
    load = cloud.start(Load(store, per_s=10))
    cloud.start(cloud.sleep, 5.0)
    cloud.start(cloud.sleep, "five")  # type: ignore[arg-type]
    assert_type(cloud.random.knob("nodes", 3, 5), int)
    await load.finish(within=5)
