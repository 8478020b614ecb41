"""W3C Trace Context: what is well-formed counts, everything else is as if it were not there."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from nightshift.proxy.seen.trace_context import Parent, incoming, outgoing

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01".encode()


def test_a_good_one_is_read() -> None:
    headers = [(b"traceparent", GOOD), (b"tracestate", b"a=1"), (b"accept", b"x"), (b"tracestate", b"b=2")]
    assert incoming(headers) == Parent(TRACE, SPAN, sampled=True, state="a=1,b=2")
    later = (b"traceparent", f"cc-{TRACE}-{SPAN}-00-what-comes-later".encode())
    assert incoming([later]) == Parent(TRACE, SPAN, sampled=False, state="")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        GOOD.upper(),
        GOOD + b"-more",
        GOOD + b" ",
        GOOD[:-1],
        b"ff" + GOOD[2:],
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"cc-{TRACE}-{SPAN}-01.x".encode(),
    ],
)
def test_a_malformed_one_is_ignored_with_its_state(value: bytes) -> None:
    assert incoming([(b"traceparent", value), (b"tracestate", b"a=1")]) is None


def test_two_are_none() -> None:
    assert incoming([(b"traceparent", GOOD), (b"traceparent", GOOD)]) is None


def test_a_state_too_long_is_dropped_and_the_trace_kept() -> None:
    parent = incoming([(b"traceparent", GOOD), (b"tracestate", b"a=" + b"1" * 511)])
    assert parent is not None
    assert parent.state == ""


def test_ours_takes_the_place_of_the_callers() -> None:
    headers = [(b"traceparent", GOOD), (b"accept", b"x"), (b"tracestate", b"a=1")]
    assert outgoing(headers, b"ours", "a=1") == [
        (b"accept", b"x"),
        (b"traceparent", b"ours"),
        (b"tracestate", b"a=1"),
    ]
    assert outgoing(headers, b"ours", "") == [(b"accept", b"x"), (b"traceparent", b"ours")]


def hex_of(digits: int) -> st.SearchStrategy[str]:
    of_length = st.integers(0, 16**digits - 1).map(lambda number: f"{number:0{digits}x}")
    return st.one_of(of_length, of_length, of_length.map(lambda text: text[1:]), of_length.map(str.upper))


@given(
    st.tuples(
        st.sampled_from(["00", "00", "01", "ff", "0", "g0"]),
        hex_of(32),
        hex_of(16),
        hex_of(2),
        st.sampled_from(["", "", "-", "-more", "x"]),
    ).map(lambda parts: "-".join(parts[:4]) + parts[4])
)
@example(GOOD.decode())
def test_we_read_what_opentelemetry_reads(value: str) -> None:
    carrier = {"traceparent": value}
    theirs = get_current_span(TraceContextTextMapPropagator().extract(carrier)).get_span_context()
    ours = incoming([(b"traceparent", value.encode())])
    assert (ours is not None) == theirs.is_valid
    if ours is not None:
        assert (int(ours.trace_id, 16), int(ours.span_id, 16)) == (theirs.trace_id, theirs.span_id)
        assert ours.sampled == theirs.trace_flags.sampled
