"""Passwords that leave in a mail."""

from collections.abc import Iterator

from gateway.api import (
    Action,
    Filter,
    Mail,
    Reply,
    Verdict,
    given_away,
    own_text,
    readable,
    strongest,
)

REFUSED = Reply(
    "5.7.1",
    "The mail gives away a password; take it out and tell it on another way (not by e-mail)",
)
_WHY = (
    "thư để lộ mật khẩu ({where}: {word} {shown}); hãy bỏ mật khẩu ra khỏi thư rồi gửi lại, báo "
    "mật khẩu bằng cách khác và đổi mật khẩu đã lộ / the mail gives away a password; take it out, "
    "tell it another way, and change the one that was given away"
)
FILE_BYTES = 64 * 1024


class Credentials(Filter):
    """Stop mail of our people that gives away a password: their own or anybody's (article 4.3).

    Looks at the subject, the text and attached text files, in Vietnamese and English, with or
    without accents. What the word stands for must look like a password, so a text about passwords
    passes. The password itself is never written into a reason, a log or the archive's rows.
    """

    action: Action = Action.REJECT
    """What to do."""
    inside: bool = True
    """Whether mail that stays inside is looked at, too."""
    exempt: frozenset[str] = frozenset()
    """Logins whose mail is not looked at, such as that of a program that hands out first passwords
    which must be changed at once."""

    def message(self, mail: Mail) -> Verdict | None:
        session = mail.session
        if session.is_inbound or session.user in self.exempt:
            return None
        if not self.inside and mail.direction == "internal":
            return None
        return strongest(self._leaks(mail))

    def _leaks(self, mail: Mail) -> Iterator[Verdict]:
        for where, text in _texts(mail):
            for leak in given_away(text):
                reason = _WHY.format(where=where, word=leak.word, shown=leak.shown)
                yield self.action.verdict("password", reason, reply=REFUSED)


def _texts(mail: Mail) -> Iterator[tuple[str, str]]:
    yield "Subject", readable(mail.message.header("Subject"))
    yield "text", own_text(mail)
    for part in mail.message.mime.attachments:
        if part.type in {"text/plain", "text/csv"}:
            yield part.filename or part.type, readable(part.text(FILE_BYTES))
