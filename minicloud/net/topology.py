"""Owns where hosts are: zones in regions, and which profile a link between two of them has.

A zone is a name such as `eu-west/a`: region, slash, zone. Regions that `presets` knows get its WAN
delays; others, and hosts without a zone, get the network's own profile unless `between` says more.
"""

from __future__ import annotations

from minicloud.net.network import Network, Port
from minicloud.net.presets import CROSS_ZONE, LAN, REGIONS, wan_delay
from minicloud.net.profile import Profile

__all__ = ["Topology"]


def _region(zone: str) -> str:
    return zone.partition("/")[0]


class Topology:
    """Gives each new link its profile, from the zones of its ends."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._between: dict[tuple[str, str], Profile] = {}
        network.profile_between = self.profile

    def between(self, zone_a: str, zone_b: str, profile: Profile) -> None:
        """Links between two zones, or two regions, have this profile, both ways, from now on."""
        self._between[zone_a, zone_b] = self._between[zone_b, zone_a] = profile
        for link in self._network.links.values():
            if {zone_a, zone_b} == {link.source.zone, link.target.zone}:
                link.set_profile(profile)
            elif {zone_a, zone_b} == {_region(link.source.zone), _region(link.target.zone)}:
                link.set_profile(profile)

    def profile(self, source: Port, target: Port) -> Profile:
        """The profile of a new link."""
        zones = source.zone, target.zone
        regions = _region(zones[0]), _region(zones[1])
        said = self._between.get(zones) or self._between.get(regions)
        if said is not None:
            return said
        if regions[0] not in REGIONS or regions[1] not in REGIONS:
            return self._network.profile
        if regions[0] != regions[1]:
            return Profile(delay=wan_delay(*regions))
        return Profile(delay=LAN if zones[0] == zones[1] else CROSS_ZONE)
