"""two-fields-one-document: the phone moves house, the laptop changes the name. Who is Ada now?"""

from contextlib import suppress
from typing import Any, Literal

from minicloud import CallError, Cloud, breaks, holds, kv, scenario

DEVICES = ("phone", "laptop", "watch")
CITIES = ("Bonn", "Cork", "Graz", "Lyon", "Oslo", "Rome", "Ulm", "York")


@scenario(
    version=holds(merge="version"),
    field=holds(merge="field"),
    naive=breaks("no_field_is_lost", merge="document"),
    stale_index=breaks("the_index_is_right", index_in_transaction=False),
)
async def two_fields_one_document(
    cloud: Cloud,
    *,
    merge: Literal["version", "field", "document"] = "version",
    index_in_transaction: bool = True,
    lasts_s: float = 20.0,
    loss: float = 0.1,
) -> None:
    """Two devices change different fields of one document. Why is one of the changes gone?

    Ada's phone, laptop and watch tick off what they have done, each in fields of her profile that
    no other device ever touches, about four times a second; now and then one says which city she
    is in. A tenth of all messages is lost. A device that reads the profile, changes its own field
    and puts the whole back also puts back all other fields, as they were when it looked. Nothing
    conflicts with anything, every write is acknowledged, and some are gone (`naive`).

    A change that says which version it was made of is refused when there is a newer one, and made
    again on top of that (`version`): it needs a store with one order of writes. Where each field is
    a value of its own, in a store that merges, different fields never meet (`field`).

    An index is the same document once more, sorted by city. Written after the document, it keeps a
    city that Ada has left, or lacks the one she is in: for a moment at every move, and for good
    once two devices change places between the two writes (`stale_index`). No reader can tell.
    Written in the document's own transaction it can say nothing else than the document does.

    Try: minicloud run two-fields-one-document --variant naive --set loss=0
    """
    indexed = merge == "version"
    raft, quorum = kv.Raft(), kv.Quorum(conflicts="lww-map")
    store: kv.Store[Any] = cloud.start(quorum) if merge == "field" else cloud.start(raft)
    profiles = {
        name: kv.Documents(
            store.client(name),
            "profiles",
            indexes=["city"] if indexed else [],
            # the rule: a change keeps what others have written since its document was read
            merge=merge,
            index_in_transaction=index_in_transaction,
        )
        for name in DEVICES
    }
    phone = profiles["phone"]
    await phone.insert({"_id": "ada", "city": "London", "done": {"moved": True}})
    done: list[str] = []
    wrong: list[str] = []
    for name, mine in profiles.items():
        cloud.start(use, cloud, name, mine, lasts_s, done)
    if indexed:
        cloud.start(look, cloud, phone, lasts_s, wrong)
    with cloud.net.loss(loss):
        await cloud.sleep(lasts_s)
    await cloud.sleep(5)

    ada = await phone.get("ada") or {}
    lost = [field for field in done if field not in ada["done"]]
    share = 100 * len(lost) / max(1, len(done))
    cloud.note(f"{len(done)} changes were acknowledged, and {len(lost)} are gone: {share:.0f} %")
    if indexed:
        found = [one["_id"] for one in await phone.find("city", ada["city"])]
        cloud.note(f"Ada is in {ada['city']}; found there: {found or 'nobody'}")
        cloud.note(f"of {4 * lasts_s:.0f} looks, {len(wrong)} met an index that was wrong")

    def no_field_is_lost() -> None:
        assert not lost, f"{len(lost)} of {len(done)} changes are gone, first {lost[0]}"

    def the_index_is_right() -> None:
        assert not wrong, wrong[0]

    cloud.check(no_field_is_lost, the_index_is_right)


async def use(
    cloud: Cloud, name: str, profiles: kv.Documents, lasts_s: float, done: list[str]
) -> None:
    """One device: does something about four times a second, and notes what was acknowledged."""
    dice = cloud.random.stream(name)
    while cloud.now < lasts_s:
        await cloud.sleep(dice.uniform(0.0, 0.5))
        field = f"{name} at {cloud.now:.3f}".replace(".", ":")
        change: dict[str, object] = {f"done.{field}": True}
        if dice.chance(0.3):
            change["city"] = dice.choice(CITIES)
        with suppress(CallError):
            if await profiles.update("ada", set=change, timeout=0.5):
                done.append(field)


async def look(cloud: Cloud, profiles: kv.Documents, lasts_s: float, wrong: list[str]) -> None:
    """Somebody compares the index with the document, both as they are at one instant."""
    while cloud.now < lasts_s:
        await cloud.sleep(0.25)
        with suppress(CallError):
            audit = await profiles.audit()
            if not audit.clean:
                wrong.append(f"at {cloud.now:.2f} s {', '.join(audit.stale + audit.missing)}")
