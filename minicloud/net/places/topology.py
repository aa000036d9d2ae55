"""Owns where hosts are: zones in regions, and which profile a link between two of them has.

A zone is a name such as `eu-west/a`: region, slash, zone. Regions that `presets` knows get its WAN
delays; others, and hosts without a zone, get the network's own profile unless `between` says more.
"""

from __future__ import annotations

from minicloud.net.link import Link
from minicloud.net.network import Network, Port
from minicloud.net.places.presets import CROSS_ZONE, LAN, REGIONS, wan_delay
from minicloud.net.profile import Profile

__all__ = ["Topology"]


def _region(zone: str) -> str:
    return zone.partition("/")[0]


class Topology:
    """Gives each new link its profile, from the zones of its ends."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._between: dict[tuple[str, str], Profile] = {}
        self._everywhere: Profile | None = None
        network.profile_between = self.profile

    def between(self, zone_a: str, zone_b: str, profile: Profile) -> None:
        """Links between two zones, or two regions, have this profile, both ways, from now on."""
        self._between[zone_a, zone_b] = self._between[zone_b, zone_a] = profile
        meant = {zone_a, zone_b}
        for link in self._network.links.values():
            zones = link.source.zone, link.target.zone
            if meant in ({*zones}, {_region(zone) for zone in zones}):
                self._renew(link)

    def everywhere(self, profile: Profile) -> None:
        """Every link has this profile from now on, whatever the zones of its ends."""
        self._everywhere = self._network.profile = profile
        self._between.clear()
        for link in self._network.links.values():
            self._renew(link)

    def _renew(self, link: Link) -> None:
        if link.source is not link.target:
            profile = self.profile(link.source, link.target)
            link.set_nature(self._network.nature(profile))

    def profile(self, source: Port, target: Port) -> Profile:
        """The profile of a new link."""
        zones = source.zone, target.zone
        if zones == ("", "") and not self._between:
            return self._everywhere or self._network.profile
        regions = _region(zones[0]), _region(zones[1])
        said = self._between.get(zones) or self._between.get(regions) or self._everywhere
        if said is not None:
            return said
        if regions[0] not in REGIONS or regions[1] not in REGIONS:
            return self._network.profile
        if regions[0] != regions[1]:
            return Profile(delay=wan_delay(*regions))
        return Profile(delay=LAN if zones[0] == zones[1] else CROSS_ZONE)
