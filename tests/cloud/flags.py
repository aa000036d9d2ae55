"""Flags that turn at given times, and a run of one property: for the tests of properties."""

from minicloud.cloud import run_cloud

NS = 1e-9


def property_of(main, **options):
    """Verdict and detail of the only check of a run, and the run."""
    result = run_cloud(main, **options)
    assert result.failure in ("none", "limit"), result.error
    (check,) = result.checks
    return check.verdict.value, check.detail, result


def flips(cloud, *times):
    """A flag that turns at these times, by events, whatever tasks do; read it by calling."""
    state = {"on": False}

    def turn(_):
        state["on"] = not state["on"]

    for time in times:
        cloud._kernel.at(round(time * 1e9), turn)
    return lambda: state["on"]


def turns(cloud, *times):
    """The same by a task, which runs after all events of its instant."""
    state = {"on": False}

    async def turn():
        for time in times:
            await cloud.sleep(time - cloud.now)
            state["on"] = not state["on"]

    cloud.start(turn)
    return lambda: state["on"]


def named(name, condition, doc=None):
    def asked():
        return condition()

    asked.__name__, asked.__doc__ = name, doc
    return asked
