"""Fetching an MTA-STS policy over HTTPS, from the Internet alone."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.delivery.mx import Ip, may_go_to
from gateway.delivery.route import Network
from gateway.delivery.sts import POLICY_MAX, PolicyAway
from gateway.mail.dns import Dns, DnsAway

WAIT_S = 60.0
"""RFC 8461 3.3 suggests a minute."""


@dataclass(frozen=True, slots=True)
class HttpsFetch:
    """``https://mta-sts.<domain>/.well-known/mta-sts.txt``, its name looked up by our resolver.

    No redirect is followed, no private address is asked, and the certificate must fit the name.
    """

    dns: Dns
    networks: tuple[Network, ...] = ()
    ca: Path | None = None
    port: int = 443

    async def __call__(self, domain: str) -> bytes:
        """The body. PolicyAway says why there is none."""
        host = f"mta-sts.{domain}"
        address = await self._address(host)
        where = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
        context = ssl.create_default_context()
        if self.ca is not None:
            context.load_verify_locations(self.ca)
        try:
            async with (
                httpx.AsyncClient(
                    verify=context, timeout=WAIT_S, trust_env=False, follow_redirects=False
                ) as client,
                client.stream(
                    "GET",
                    f"https://{where}:{self.port}/.well-known/mta-sts.txt",
                    headers={"Host": host},
                    extensions={"sni_hostname": host},
                ) as response,
            ):
                return await self._read(response)
        except httpx.HTTPError as error:
            if isinstance(cause := _cause(error), ssl.SSLCertVerificationError):
                text = f"the certificate of {host} does not fit: {cause.verify_message}"
                raise PolicyAway(text, "sts-webpki-invalid") from None
            raise PolicyAway(f"{host} cannot be asked: {error!r}") from None

    async def _read(self, response: httpx.Response) -> bytes:
        if response.status_code != httpx.codes.OK:
            raise PolicyAway(f"the answer was {response.status_code}")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/plain":
            raise PolicyAway(f"the answer is {kind[:40] or 'of no type'}, not text/plain")
        data = b""
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > POLICY_MAX:
                raise PolicyAway("the answer is longer than 64 KiB")
        return data

    async def _address(self, host: str) -> Ip:
        questions = (self.dns.a(host), self.dns.aaaa(host))
        for question in questions:
            try:
                found = await question
            except DnsAway as error:
                raise PolicyAway(str(error)) from None
            for address in found.records:
                if may_go_to(address, self.networks):
                    return address
        raise PolicyAway(f"{host} has no address that may be asked")


def _cause(error: BaseException | None) -> BaseException | None:
    """What is behind an error of the client's."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error
