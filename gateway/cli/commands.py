"""Every command of ``vanthu``: its words in ``--help``, and the module that knows it.

A module is imported when its command is called, and no sooner: what one command stands on (the
database, cryptography, PDF) costs the others nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from gateway.runtime.words import later, tr


@dataclass(frozen=True, slots=True)
class Command:
    """One command; ``module`` below ``gateway.cli`` has the function that adds its arguments."""

    name: str
    text: str
    module: str
    function: str = "add"

    def fill(self, parser: argparse.ArgumentParser) -> None:
        """Import what the command needs and let it say which arguments it takes."""
        module = import_module(f"gateway.cli.{self.module}")
        add: Callable[[argparse.ArgumentParser], None] = getattr(module, self.function)
        add(parser)


COMMANDS = (
    Command("run", later("the whole gateway in one process"), "serve", "add_run"),
    Command("serve", later("some of the gateway's roles in this process"), "serve", "add_serve"),
    Command("reload", later("let all processes read the settings again"), "serve", "add_reload"),
    Command("check", later("tell every mistake in the configuration"), "serve", "add_check"),
    Command("demo", later("make a demonstration below a folder, and run it"), "serve", "add_demo"),
    Command(
        "password", later("the hash of a password, for passwords.toml"), "serve", "add_password"
    ),
    Command(
        "find", later("documents and messages by number, people, subject, date, words"), "find"
    ),
    Command("why", later("what happened to a message, from the connection on"), "look", "add_why"),
    Command("show", later("a message as it was received"), "look", "add_show"),
    Command(
        "explain", later("every filter's answer about a letter in a file"), "look", "add_explain"
    ),
    Command("register", later("the books: numbers, lines, print-outs"), "register"),
    Command("document", later("what is found out about a file"), "document"),
    Command("correspondents", later("whom printed recipients stand for"), "correspondents"),
    Command("queue", later("what is owed: list it, retry it, stop it"), "queue"),
    Command("release", later("let a held message go on"), "held", "add_release"),
    Command("refuse", later("refuse a held message"), "held", "add_refuse"),
    Command("withdraw", later("take a held message back"), "held", "add_withdraw"),
    Command("approve", later("what waits for approval, and who may decide it"), "approve"),
    Command("people", later("leaders, deputies, keepers; delegations"), "people"),
    Command("proof", later("a folder that proves who approved a message"), "proof"),
    Command("report", later("what a month's mail, approvals and documents came to"), "report"),
    Command("route", later("where mail for an address goes"), "sending", "add_route"),
    Command("tls", later("TLS to other servers on one day"), "sending", "add_tls"),
    Command("archive", later("list, verify, export, back up, restore"), "archive"),
    Command("dns", later("what others see of our domains"), "origin", "add_dns"),
    Command("dkim", later("our own signing keys"), "origin", "add_dkim"),
    Command("learn", later("teach the nose: spam, ham, list, export"), "learn"),
    Command("secrecy", later("what bears a secrecy stamp: keys, list, open, release"), "secrecy"),
    Command("duty", later("how much waits for whom, and when they are told"), "duty"),
    Command("quarantine", later("what is held as spam: list, show, release …"), "quarantine"),
)


class _Page(argparse.ArgumentParser):
    """The parser of one command, which learns its arguments when it is asked to parse."""

    command: Command | None = None

    def parse_known_args(  # type: ignore[override]  # The stubs overload what is one function.
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        if self.command is not None:
            self.command.fill(self)
            self.command = None
        return cast(
            "tuple[argparse.Namespace, list[str]]", super().parse_known_args(args, namespace)
        )


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Let the parser of ``vanthu`` know every command."""
    pages = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Page
    )
    for command in COMMANDS:
        pages.add_parser(command.name, help=tr(command.text)).command = command
