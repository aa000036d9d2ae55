"""Tasks that serve message after message: none sees what another left, none outlives its node."""

from contextvars import ContextVar

import trio

from minicloud.cloud import run_cloud
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node

mark: ContextVar[str] = ContextVar("mark", default="clean")


class Who(Request[str]):
    leave: bool = False
    takes: float = 0.0


class Server(Node):
    @handle
    async def who(self, request: Who) -> str:
        seen = mark.get()
        if request.leave:
            mark.set("dirty")
        await self.sleep(request.takes)
        return f"{seen} {trio.lowlevel.current_task()._counter}"


def ask(*requests):
    async def main(cloud):
        server, client = cloud.node("s", Server), cloud.client("c")
        return [(await client.call(server, request)).split() for request in requests]

    run = run_cloud(main)
    assert run.exception is None
    return run.value


def test_a_task_serves_again():
    tasks = {task for _, task in ask(Who(), Who(), Who())}
    assert len(tasks) == 1


def test_what_a_handler_leaves_in_its_context_is_not_seen_by_the_next():
    answers = ask(Who(), Who(leave=True), Who(), Who())
    assert [seen for seen, _ in answers] == ["clean"] * 4
    assert answers[1][1] != answers[2][1]


def test_handlers_that_overlap_have_tasks_of_their_own():
    async def main(cloud):
        server, client = cloud.node("s", Server), cloud.client("c")
        seen = []

        async def one():
            seen.append((await client.call(server, Who(takes=1.0))).split()[1])

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(one)
        return seen, cloud.now

    seen, now = run_cloud(main).value
    assert len(set(seen)) == 5
    assert now < 1.1


def test_a_waiting_worker_dies_with_its_node():
    async def main(cloud):
        server, client = cloud.node("s", Server), cloud.client("c")
        first = await client.call(server, Who())
        server.restart()
        return first.split()[1], (await client.call(server, Who())).split()[1]

    run = run_cloud(main)
    assert run.exception is None
    first, second = run.value
    assert first != second
