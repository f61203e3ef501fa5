"""Lists of senders."""

import pytest

from comments.screening.senders import parse_emails, parse_ranges

RANGES = "192.0.2.7\n\n198.51.100.0/24\n2001:db8::/32\n10.0.0.0/8"
EMAILS = "Mallory@Example.org\n*@spam.example"


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("192.0.2.7", 1),
        ("::ffff:192.0.2.7", 1),
        ("192.0.2.8", None),
        ("198.51.100.255", 3),
        ("198.51.101.0", None),
        ("2001:db8:1::5", 4),
        ("2001:db9::5", None),
        ("10.200.0.1", 5),
        ("", None),
        ("unknown", None),
        ("192.0.2.7/32", None),
    ],
)
def test_an_address_is_in_a_range(address: str, line: int | None) -> None:
    assert parse_ranges(RANGES).line_of(address) == line


@pytest.mark.parametrize(
    ("email", "line"),
    [
        ("mallory@example.org", 1),
        (" MALLORY@EXAMPLE.ORG", 1),
        ("other@example.org", None),
        ("anybody@spam.example", 2),
        ("anybody@not.spam.example", None),
        ("", None),
        ("@", None),
        ("nothing", None),
    ],
)
def test_an_email_is_blocked_alone_or_with_its_domain(email: str, line: int | None) -> None:
    assert parse_emails(EMAILS).line_of(email) == line


@pytest.mark.parametrize(
    "wrong", ["300.1.1.1", "192.0.2.1/24", "192.0.2.0/33", "nonsense", "1.2.3.4\x00", "a" * 10_000, "::g"]
)
def test_what_is_no_range_is_named_and_left_out(wrong: str) -> None:
    ranges = parse_ranges(f"192.0.2.7\n{wrong}\n10.0.0.0/8")

    (problem,) = ranges.problems
    assert problem.startswith("Line 2: ")
    assert len(problem) < 300
    assert (ranges.line_of("192.0.2.7"), ranges.line_of("10.1.1.1")) == (1, 3)


@pytest.mark.parametrize(
    "wrong", ["nobody", "*", "@", "a@", "*x@y.example", "a@*", "a b@c.example", "a@b\x00"]
)
def test_what_is_no_email_is_named_and_left_out(wrong: str) -> None:
    emails = parse_emails(f"{wrong}\na@b.example")

    assert [problem[:8] for problem in emails.problems] == ["Line 1: "]
    assert emails.line_of("a@b.example") == 2


def test_a_hundred_thousand_ranges_are_looked_up_by_their_lengths() -> None:
    ranges = parse_ranges("\n".join(f"10.{i >> 8 & 255}.{i & 255}.{i >> 16}" for i in range(100_000)))

    assert list(ranges.lines) == [(4, 32)]
    assert ranges.line_of("10.1.2.0") == 0x0102 + 1
