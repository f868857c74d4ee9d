import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.archive.errors import BadArchive
from subs_assets.archive.values import UTF_16_LITTLE, RowForm, UndecodableText

FORM = RowForm(("a",))


@pytest.mark.archive_case(13, 14, 15, 16, 17, 18, 28)
# The text is part of the format: another one for a value would make every older archive differ from its database.
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("", '""'),
        ("null", '"null"'),
        ("a\0b", r'"a\u0000b"'),
        ('\b\t\n\f\r\x1f"\\/', r'"\b\t\n\f\r\u001f\"\\/"'),
        ("\x7f\u2028\ufeffé😀", '"\x7f\u2028\ufeffé😀"'),
        ('{"$i": "1"}', r'"{\"$i\": \"1\"}"'),
        (0, "0"),
        (2**53 - 1, "9007199254740991"),
        (1 - 2**53, "-9007199254740991"),
        (2**53, '{"$i":"9007199254740992"}'),
        (-(2**63), '{"$i":"-9223372036854775808"}'),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (5e-324, "5e-324"),
        (1e-05, "1e-05"),
        (1e16, "1e+16"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (math.inf, '{"$f":"inf"}'),
        (-math.inf, '{"$f":"-inf"}'),
        (b"", '{"$b":""}'),
        (b"\0\xff", '{"$b":"AP8="}'),
        (b"\xffA".decode("utf-8", "surrogateescape"), '{"$t":"/0E="}'),
    ],
)
def test_each_value_has_one_text_and_comes_back_as_it_was(value: object, text: str) -> None:
    line = FORM.encode([value])
    assert line == b'{"a":' + text.encode() + b"}\n"
    (found,) = FORM.decode(line)
    assert repr(found) == repr(value)
    assert json.loads(line) == json.loads(f'{{"a":{text}}}')


values = st.one_of(
    st.none(),
    st.text(),
    st.binary(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)


@pytest.mark.archive_case(13, 14, 15, 16, 17)
@given(st.lists(values, min_size=1, max_size=6))
def test_rows_come_back_as_they_were(row: list[object]) -> None:
    form = RowForm(tuple(f"$rowid{place}" for place in range(len(row))))
    line = form.encode(row)
    assert line.count(b"\n") == 1
    assert [_exact(value) for value in form.decode(line)] == [_exact(value) for value in row]


def _exact(value: object) -> object:
    if isinstance(value, float):
        return struct.pack(">d", value)
    return (str(value),) if isinstance(value, str) else (type(value), value)


@pytest.mark.archive_case(17)
def test_text_that_is_no_utf_16_keeps_its_bytes() -> None:
    form = RowForm(("a",), UTF_16_LITTLE)
    raw = b"\x00\xd8A\x00"
    line = form.encode([UTF_16_LITTLE.to_text(raw)])
    assert line == b'{"a":{"$t":"ANhBAA=="}}\n'
    (found,) = form.decode(line)
    assert isinstance(found, UndecodableText)
    assert UTF_16_LITTLE.to_bytes(found) == raw


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[1]",
        b'{"b":1}',
        b'{"a":1,"b":2}',
        b'{"a":{"$x":"1"}}',
        b'{"a":{"$b":"*"}}',
        b'{"a":{"$i":"1","$f":"2"}}',
    ],
)
def test_a_line_that_is_none_of_the_table_is_refused(line: bytes) -> None:
    with pytest.raises(BadArchive):
        FORM.decode(line)
