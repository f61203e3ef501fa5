"""What the load tool says about the kernel before it starts."""

from collections.abc import Mapping

from loadtest.limits import too_low

AMPLE = {
    "fs.file-max": "9223372036854775807",
    "net.netfilter.nf_conntrack_max": "4000000",
    "net.core.netdev_max_backlog": "131072",
    "net.core.somaxconn": "65535",
    "net.ipv4.tcp_max_syn_backlog": "65535",
    "net.ipv4.tcp_mem": "1000000\t2000000\t4000000",
    "net.ipv4.ip_local_port_range": "10240\t65000",
}


def lines(readers: int, **changed: str | None) -> list[str]:
    values: Mapping[str, str | None] = {
        **AMPLE,
        **{name.replace("__", "."): v for name, v in changed.items()},
    }
    return [limit.line for limit in too_low(readers, values.get)]


def test_nothing_is_said_where_everything_suffices() -> None:
    assert lines(1_000_000) == []


def test_a_limit_that_is_too_low_is_named_with_what_it_must_be() -> None:
    assert lines(1_000_000, net__netfilter__nf_conntrack_max="262144") == [
        "net.netfilter.nf_conntrack_max = 1110000"
    ]


def test_a_kernel_without_connection_tracking_needs_none() -> None:
    assert lines(1_000_000, net__netfilter__nf_conntrack_max=None) == []


def test_the_queue_between_both_ends_must_hold_the_probes_of_some_seconds_connections() -> None:
    assert lines(1_000_000, net__core__netdev_max_backlog="1000") == ["net.core.netdev_max_backlog = 125000"]


def test_tcp_memory_is_in_pages_and_keeps_what_is_higher() -> None:
    assert lines(1_000_000, net__ipv4__tcp_mem="1200000 1300000 1400000") == [
        "net.ipv4.tcp_mem = 1200000 1500000 2000000"
    ]


def test_few_readers_need_nothing_raised() -> None:
    defaults = {"net__ipv4__tcp_mem": "287901 383869 575802", "net__netfilter__nf_conntrack_max": "262144"}

    assert lines(8_000, net__core__netdev_max_backlog="1000") == []
    assert lines(20_000, **defaults, net__ipv4__tcp_max_syn_backlog="2048") == []
