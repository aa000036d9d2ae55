"""Owns `buggify`: sites in service code that misbehave on purpose, while somebody has asked for it.

The rule is FoundationDB's (Zhou et al., "FoundationDB: A Distributed Unbundled Transactional Key
Value Store", SIGMOD 2021, section 4): each run switches each site on or off as a whole, with a
probability of 0.25, and a site that is on fires with its own. So a run that finds nothing at one
site has a chance to get far at another. Knows no nemesis: whoever turns it on says which sites.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minicloud.errors import UsageError
from minicloud.kernel.records import Kind

if TYPE_CHECKING:
    from minicloud.kernel.run import Kernel

__all__ = ["Buggify"]

_DECISION = int(Kind.DECISION)


class Buggify:
    """The sites of a run. `chosen(site)` says, once a site, whether it is on in this run."""

    __slots__ = ("_chosen", "_kernel", "_on", "fired", "spared")

    def __init__(self, kernel: Kernel, chosen: Callable[[str], bool]) -> None:
        self._kernel = kernel
        self._chosen = chosen
        self._on: dict[str, bool] = {}
        self.fired: dict[str, int] = {}
        """How often each site that is on has fired."""
        self.spared: tuple[str, ...] = ()
        """Hosts on which nothing fires any more."""

    def fires(self, host: str, site: str, probability: float) -> bool:
        """Whether the site misbehaves this time. A stream for each site and host."""
        if not 0 <= probability <= 1:
            raise UsageError(
                f"buggify({site!r}, probability={probability!r}): give a probability from 0 to 1"
            )
        if site not in self._on:
            self._on[site] = self._chosen(site)
        if not self._on[site] or host in self.spared:
            return False
        if not self._kernel.entropy.stream("buggify", site, host).chance(probability):
            return False
        self.fired[site] = self.fired.get(site, 0) + 1
        now_ns = self._kernel.clock.now_ns
        self._kernel.trace.emit((_DECISION, now_ns, f"buggify {host}", site))
        return True
