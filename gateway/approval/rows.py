"""The tables of the approval desk; all of them follow from the journal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

asks = Table(
    "approval_asks",
    metadata,
    Column("mail", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("box", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("author", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("envelope", String, nullable=False),
    Column("manifest", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("urgent", String, nullable=False),
    Column("steps", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("requested", Integer, nullable=False),
    Column("approvers", Text, nullable=False),
    Column("alarms", Text, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("next_ms", BigInteger),
    Column("before", String, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("announced", String, nullable=False),
    Column("glass", String, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("trouble", Text, nullable=False),
    Index("approval_asks_state", "state", "seq"),
    Index("approval_asks_next", "next_ms"),
    Index("approval_asks_author", "author", "seq"),
)
"""One row for each message that waits or has waited. ``seq``: of its arrival. ``state``: new (held,
nobody asked yet), pending, approved, queued, rejected, withdrawn, expired, superseded; of a draft
also tagged. ``requested``: the last step whose approvers were asked, -1 before. ``approvers``:
everybody who was asked, commas between. ``rung``: alarms heard. ``announced``: the last state that
was told. ``glass``: the first of the two who break the glass. ``own``: whether the
author may approve it as the leader he is. ``trouble``: what is wrong with the stored bytes."""

decisions = Table(
    "approval_decisions",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("mail", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("decision", String, nullable=False),
    Column("approver", String, primary_key=True),
    Column("capacity", String, nullable=False),
    Column("delegation", String, nullable=False),
    Column("basis", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("manifest", String, nullable=False),
    Column("envelope", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("strength", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("comment", Text, nullable=False),
    Column("reply", String, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("why_not", Text, nullable=False),
    Column("chain", String, nullable=False),
    Index("approval_decisions_mail", "mail", "seq"),
    Index("approval_decisions_reply", "reply"),
)
"""One row for each word, also one that came too late (then ``why_not`` says why). ``chain``: the
archive's hash chain at the record that holds it."""

tags = Table(
    "approval_tags",
    metadata,
    Column("hash", String, primary_key=True),
    Column("draft", String, nullable=False),
    Column("box", String, nullable=False),
    Column("manifest", String, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("spent_on", String, nullable=False),
)

tries = Table(
    "approval_tries",
    metadata,
    Column("mail", String, primary_key=True),
    Column("hash", String, primary_key=True),
    Column("why_not", Text, nullable=False),
)
"""Tags that a held message bore, and why each did not let it out."""

delegations = Table(
    "approval_delegations",
    metadata,
    Column("id", String, primary_key=True),
    Column("lender", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("capacity", String, nullable=False),
    Column("begins_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Column("mailboxes", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("counted", Boolean, nullable=False),
    Column("why_not", Text, nullable=False),
    Column("actor", String, nullable=False),
)

handovers = Table(
    "approval_handovers",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("id", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("before", String, nullable=False),
    Column("after", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("basis", Text, nullable=False),
    Column("leaves", Boolean, nullable=False),
    Column("minutes", String, nullable=False),
    Column("listed", String, nullable=False),
    Column("count", Integer, nullable=False),
)

letters = Table(
    "approval_letters",
    metadata,
    Column("mail", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("handled", String, nullable=False),
    Index("approval_letters_open", "handled", "seq"),
)
"""Mails to the desk. ``handled``: what was done about it; empty while it waits."""
