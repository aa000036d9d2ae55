"""Every power cut that can tell, tried on a lesson: which of them break what it promises."""

import msgspec

from minicloud.check import Verdict
from minicloud.scenario.crashing.matrix import cuts_of, points_of
from minicloud.scenario.running import execute


def failing_cuts(lesson, most, *, disk="lose-unsynced", restart=0.3, **params):
    """The cuts after which a promise does not hold, and how many were tried: all that there are, or
    so many of them from the beginning to the end.
    """
    case = lesson.case(None, params)

    async def start(cloud):
        await lesson.function(cloud, **case.params)

    times = points_of(start, case)
    cuts = sorted(
        cuts_of(times, 100_000, disk=disk, restart=restart),
        key=lambda cut: times[cut.host, cut.point][cut.occurrence - 1],
    )
    tried = cuts if most is None else cuts[:: max(1, len(cuts) // most)]
    failing = {}
    for cut in tried:
        run = execute(lesson, msgspec.structs.replace(case, cut=cut))
        if run.verdict is not Verdict.VALID:
            failing[str(cut)] = [(c.name, c.detail) for c in run.checks]
    return failing, len(tried)


async def blackout(cloud, store):
    """When the first server has come back, all lose power at once."""
    await cloud.until(lambda: any(not host.up for host in store.hosts))
    await cloud.until(lambda: all(host.up for host in store.hosts))
    await cloud.sleep(0.1)
    for host in store.hosts:
        host.crash()
    for host in store.hosts:
        host.boot()
