"""One signed POST to a program of the office's: taken, not wanted, or to be tried again."""

from __future__ import annotations

import hmac
import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import httpx

Taken: TypeAlias = Literal["taken", "unwanted"]

UNWANTED = frozenset({400, 410, 413, 415, 422})
"""Answers that the same bytes would get for ever; any other but 2xx is tried again."""


class TryAgain(Exception):
    """It was not taken now; says why."""


@dataclass(frozen=True, slots=True)
class Post:
    """Where to, and the secret that both sides know. No proxy, no redirect, and TLS as it is."""

    url: str
    secret: bytes
    ca: Path | None = None
    timeout_s: float = 30.0

    async def __call__(
        self, id_: str, kind: str, media_type: str, body: bytes, now_s: int
    ) -> Taken:
        """Send it. TryAgain if nobody took it."""
        headers = {
            "Content-Type": media_type,
            "User-Agent": "vanthu",
            "Vanthu-Event": kind,
            "Vanthu-Id": id_,
            "Vanthu-Signature": f"t={now_s},v1={signature(self.secret, now_s, body)}",
        }
        context = ssl.create_default_context()
        try:
            if self.ca is not None:
                context.load_verify_locations(self.ca)
            async with httpx.AsyncClient(
                verify=context, timeout=self.timeout_s, trust_env=False, follow_redirects=False
            ) as client:
                answer = await client.post(self.url, content=body, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise TryAgain(f"{type(error).__name__}: {error}") from None
        if answer.is_success:
            return "taken"
        if answer.status_code in UNWANTED:
            return "unwanted"
        raise TryAgain(f"the answer was {answer.status_code}")


def signature(secret: bytes, now_s: int, body: bytes) -> str:
    """HMAC-SHA256 over the time (seconds since 1970), a dot and the body, in hex."""
    return hmac.new(secret, f"{now_s}.".encode() + body, sha256).hexdigest()
