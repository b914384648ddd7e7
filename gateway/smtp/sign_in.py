"""Signing in: the directory's password, with a brake for those who guess."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gateway.directory.passwords import Passwords
from gateway.mail.services import Services
from gateway.smtp.door import Client, Crowd, SignInError

WINDOW_S = 900.0
PER_CLIENT = 20
"""Wrong passwords from one address in the window; then it waits."""
PER_LOGIN = 10
"""Wrong passwords for one login from one address; others of that name still get in."""
PER_LOGIN_ALL = 100
"""Wrong passwords for one login from anywhere; then the account rests."""


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """Checks a login against local passwords."""

    passwords: Passwords
    services: Services

    async def __call__(self, client: Client, login: str, password: str) -> str:
        """The login as the directory spells it. SignInError carries the reply."""
        where = Crowd.key(client)
        person = self.services.directory.person(login)
        name = person.login if person else login.lower()[:100]
        pad = self.services.notepad
        tries = (
            ("wrong-from", where, PER_CLIENT),
            ("wrong-for", f"{name} {where}", PER_LOGIN),
            ("wrong-all", name, PER_LOGIN_ALL),
        )
        if any(pad.count(kind, key, WINDOW_S, 0) >= most for kind, key, most in tries):
            raise SignInError("454 4.7.0 Too many wrong passwords; try again in 15 minutes")
        good = self.passwords.remembers(name, password) or await asyncio.to_thread(
            self.passwords.verify, name, password
        )
        if not good or person is None or person.disabled:
            for kind, key, _ in tries:
                pad.count(kind, key, WINDOW_S)
            raise SignInError("535 5.7.8 Login or password is wrong")
        return person.login
