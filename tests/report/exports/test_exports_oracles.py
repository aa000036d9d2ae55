"""The readers of these tests convict what is wrong: each is shown a file with one thing spoilt."""

import re

import pytest
from consumers import check_jepsen, check_openmetrics, check_otlp, check_perfetto, check_shiviz
from records import recorded

from minicloud.report.exports import FORMATS, Scope


def without(pattern):
    return lambda text: "".join(
        line for line in text.splitlines(keepends=True) if not re.search(pattern, line)
    )


def replaced(pattern, new, count=1):
    return lambda text: re.sub(pattern, new, text, count=count, flags=re.MULTILINE)


def shiviz(text):
    return check_shiviz(text, len(recorded("double_charge", "naive").events.all))


SPOILT = [
    ("perfetto", check_perfetto, without('"ph":"e".*"local":"operation shop:1"')),
    ("perfetto", check_perfetto, without('"ph":"f"')),
    ("perfetto", check_perfetto, without('"ph":"X".*"tid":1,')),
    ("perfetto", check_perfetto, replaced("operation shop:2", "operation shop:1", 0)),
    ("perfetto", check_perfetto, replaced('"ph":"X","ts":[0-9.]+', '"ph":"X","ts":5e12')),
    ("shiviz", shiviz, replaced(r'^bank \{"bank": 2', 'bank {"bank": 3')),
    ("shiviz", shiviz, replaced(r'"shop": 3', '"shop": 3000')),
    ("shiviz", shiviz, replaced(r"^bank \{", "the bank {")),
    ("otlp", check_otlp, replaced('"spanId":"[0-9a-f]+', '"spanId":"QUJDREVGR0g=')),
    ("otlp", check_otlp, replaced('"startTimeUnixNano"', '"start_time"')),
    ("otlp", check_otlp, replaced('"parentSpanId":"[0-9a-f]{16}', '"parentSpanId":"' + "9" * 16)),
    ("openmetrics", check_openmetrics, replaced('le="\\+Inf"', 'le="1e9"')),
    ("openmetrics", check_openmetrics, replaced("^# EOF$", "")),
    ("openmetrics", check_openmetrics, replaced("^minicloud_messages_total", "minicloud_messages")),
    ("jepsen", check_jepsen, replaced(":process 1,", ":process 0,", 0)),
    ("jepsen", check_jepsen, replaced(":index 3,", ":index 4,")),
    ("jepsen", check_jepsen, without(":index 1,")),
]


@pytest.mark.parametrize("case", SPOILT, ids=lambda case: case[0])
def test_what_is_spoilt_is_convicted(case):
    name, check, spoil = case
    text = FORMATS[name].write(recorded("double_charge", "naive"), Scope()).files[0]
    check(text)
    spoilt = spoil(text)
    assert spoilt != text
    with pytest.raises(Exception):  # noqa: B017 - each reader has errors of its own
        check(spoilt)
