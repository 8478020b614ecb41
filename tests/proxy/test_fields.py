"""Which header lines pass a balancer."""

from nightshift.proxy.fields import request_lines, response_lines


def test_what_any_connection_line_names_is_for_this_hop_only() -> None:
    headers = [
        (b"connection", b"X-One, close"),
        (b"x-one", b"1"),
        (b"accept", b"*/*"),
        (b"x-two", b"2"),
        (b"connection", b"x-two"),
    ]
    assert request_lines(headers) == b"accept: */*\r\n"
    assert response_lines(headers) == b"accept: */*\r\n"


def test_what_is_between_balancers_passes_in_no_direction() -> None:
    headers = [(b"x-nightshift-peer", b"a"), (b"x-other", b"x-nightshift-peer: a")]
    assert request_lines(headers) == b"x-other: x-nightshift-peer: a\r\n"
    assert response_lines(headers) == b"x-other: x-nightshift-peer: a\r\n"


def test_a_host_of_the_client_is_not_the_targets_but_passes_back() -> None:
    headers = [(b"host", b"a"), (b"content-length", b"3"), (b"transfer-encoding", b"chunked")]
    assert request_lines(headers) == b""
    assert response_lines(headers) == b"host: a\r\n"


def test_connection_cannot_take_away_what_others_judge_by() -> None:
    headers = [
        (b"connection", b"authorization, Content-Type, x-forwarded-for, host, content-length"),
        (b"authorization", b"Bearer k"),
        (b"content-type", b"a/b"),
        (b"x-forwarded-for", b"1.2.3.4"),
    ]
    assert request_lines(headers) == (
        b"authorization: Bearer k\r\ncontent-type: a/b\r\nx-forwarded-for: 1.2.3.4\r\n"
    )


def test_a_line_within_a_line_is_left_out() -> None:
    bad = [b"a\r\nset-cookie: b", b"a\rb", b"a\nb", b"a\0b", b"\r\n"]
    for value in bad:
        headers = [(b"x-good", b"1"), (b"x-bad", value), (b"x-nightshift-peer", b"2"), (b"y" + value, b"3")]
        assert response_lines(headers) == b"x-good: 1\r\n"
