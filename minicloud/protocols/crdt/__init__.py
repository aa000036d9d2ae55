"""Values whose copies may be changed apart and always come together again (state-based CRDTs).

Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free replicated data types", SSS 2011, and "A
comprehensive study of convergent and commutative replicated data types", INRIA RR-7506, 2011. Each
is a frozen value with `merge(other)`, which is associative, commutative and idempotent; changes
give a new value that is above the old one. So copies that met the same changes, in any order and
any number of times, are equal.
"""

from minicloud.protocols.crdt.counters import GCounter, PNCounter
from minicloud.protocols.crdt.maps import LwwMap, OrMap
from minicloud.protocols.crdt.registers import LwwRegister, MvRegister
from minicloud.protocols.crdt.sets import OrSet

__all__ = ["GCounter", "LwwMap", "LwwRegister", "MvRegister", "OrMap", "OrSet", "PNCounter"]
