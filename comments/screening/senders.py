"""Lists of senders who may not write: e-mail addresses, and ranges of network addresses; pure."""

import logging
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from comments.screening.words import SHOWN_PROBLEMS, lines

logger = logging.getLogger(__name__)

LINE_MAX_CHARS: Final = 260
_BITS: Final = {4: 32, 6: 128}


@dataclass(slots=True)
class Emails:
    """Addresses and whole domains, with the line of each."""

    lines: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def line_of(self, email: str) -> int | None:
        folded = email.strip().casefold()
        if not folded:
            return None
        return self.lines.get(folded) or self.lines.get(f"*{folded[folded.rfind('@') :]}")


@dataclass(slots=True)
class Ranges:
    """Ranges by version and length of their prefix: a look-up takes as many steps as there are lengths."""

    lines: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def line_of(self, address: str) -> int | None:
        try:
            parsed = _unmapped(ip_address(address))
        except ValueError:
            return None
        number, version = int(parsed), parsed.version
        found = [
            line
            for (of_version, length), starts in self.lines.items()
            if of_version == version and (line := starts.get(number >> (_BITS[version] - length))) is not None
        ]
        return min(found, default=None)


def parse_emails(text: str) -> Emails:
    """`name@example.org`, or `*@example.org` for all of a domain, one a line."""
    emails = Emails()
    for line, entry in lines(text, emails.problems.append):
        name, at, domain = entry.casefold().rpartition("@")
        fits = name and at and domain and "\x00" not in entry and len(entry.split()) == 1
        if not fits or (("*" in name) and name != "*") or "*" in domain or "@" in name:
            emails.problems.append(f"Line {line}: {_cut(entry)} is no e-mail address and no *@domain.")
        elif len(entry) > LINE_MAX_CHARS:
            emails.problems.append(f"Line {line}: that is too long.")
        else:
            emails.lines.setdefault(f"{name}@{domain}", line)
        if len(emails.problems) >= SHOWN_PROBLEMS:
            break
    return emails


def parse_ranges(text: str) -> Ranges:
    """`192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`, one a line."""
    ranges = Ranges()
    for line, entry in lines(text, ranges.problems.append):
        try:
            network = ip_network(entry)
        except ValueError as error:
            told = "it has bits beyond its prefix" if "host bits" in str(error) else "it is none"
            ranges.problems.append(
                f"Line {line}: {_cut(entry)} is no address and no range like 192.0.2.0/24 "
                f"or 2001:db8::/32: {told}."
            )
            if len(ranges.problems) >= SHOWN_PROBLEMS:
                break
            continue
        start = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        ranges.lines.setdefault((network.version, network.prefixlen), {}).setdefault(start, line)
    return ranges


@lru_cache(maxsize=4)
def blocked_emails(text: str) -> Emails:
    """The list; lines that cannot be used are left out, and logged."""
    emails = parse_emails(text)
    _log(emails.problems)
    return emails


@lru_cache(maxsize=4)
def blocked_ranges(text: str) -> Ranges:
    """The list; lines that cannot be used are left out, and logged."""
    ranges = parse_ranges(text)
    _log(ranges.problems)
    return ranges


def _log(problems: list[str]) -> None:
    for problem in problems:
        logger.warning("a list of senders: %s It is left out.", problem)


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address in IPv6's clothes is the IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _cut(entry: str) -> str:
    return repr(entry if len(entry) <= 60 else f"{entry[:59]}…")
