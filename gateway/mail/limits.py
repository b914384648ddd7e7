"""Every limit there is, in one place, with its reason. ``[limits]`` in vanthu.toml sets them."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a client, a message and a filter may use up. Sizes in bytes, times in s."""

    connections: int = 2000
    """In all, in each process; one more gets 421."""
    connections_per_client: int = 50
    """Of them from one IPv4 address or IPv6 /64; a mail server seldom opens more than 20."""
    idle_s: float = 300.0
    """RFC 5321 4.5.3.2.7 asks for five minutes between commands."""
    handshake_s: float = 30.0
    """For the TLS handshake and for a PROXY header."""
    data_rate_min: int = 256
    """Bytes per second, averaged over DATA after its first time; below it the client only waits."""
    data_rate_after_s: float = 30.0
    """How long DATA may be slower than that: TCP begins slowly, and mobile links pause."""
    session_s: float = 3600.0
    """One connection, whatever it does."""
    command_bytes: int = 2048
    """One command line; RFC 5321 asks for 512, DSN and SMTPUTF8 for more, AUTH for 12288."""
    auth_line_bytes: int = 12288
    """RFC 4954 4."""
    commands: int = 5000
    """In one session, all together."""
    errors: int = 10
    """5xx answers to commands in one session; then 421."""
    noops: int = 100
    """NOOP, RSET, VRFY, HELP and the like between two messages."""
    recipients: int = 500
    """In one message; RFC 5321 4.5.3.1.8 asks for at least 100."""
    message_bytes: int = 35 * MIB
    """25 MiB of attachments in base64."""
    line_bytes: int = 64 * KIB
    """One text line in DATA. RFC 5321 says 1000; real mail breaks that and is still mail."""
    header_bytes: int = 512 * KIB
    """The whole header."""
    header_fields: int = 2000
    """Header fields; lists of thousands are an attack on whoever reads them."""
    hops: int = 50
    """Received fields; more is a loop (RFC 5321 6.3)."""
    mime_parts: int = 1000
    """Parts that are looked at; a message with more is called ambiguous."""
    mime_depth: int = 32
    """Multiparts and messages within one another."""
    bytes_in_flight: int = 256 * MIB
    """Message bytes in memory in one process: a message that has no room waits at DATA. One at a
    time may be over it, so that there is always one that comes to its end."""
    bytes_reserved: int = MIB
    """For a message whose client does not say its SIZE; 0 for none."""
    filter_s: float = 30.0
    """Longest time-out that a chain may give a filter."""
    journal_queue_bytes: int = 128 * MIB
    """What may wait for the disk; more waits at the client."""
    attempts: int = 60
    """To deliver to one recipient, before it has failed."""
    queue_s: float = 5 * 86400.0
    """RFC 5321 4.5.4.1: give up after four to five days."""
    archive_members: int = 1000
    """Files looked at inside one attached archive."""
    archive_depth: int = 4
    """Archives within archives."""
    archive_bytes: int = 256 * MIB
    """Bytes unpacked from one attachment; more is a bomb."""
