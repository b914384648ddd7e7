"""What an admin wants done, written in rules.toml without Python."""

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationInfo, model_validator

from gateway.api import (
    Asked,
    Filter,
    Mail,
    Pass,
    Rule,
    Verdict,
    later,
    list_names,
    read_rules,
    rules_from,
    strongest,
)


class Rules(Filter):
    """Ask each rule of rules.toml: if this holds, at this time, then that.

    Rules are looked at by priority, the highest first, and in the order of the file where it is
    equal. Every rule that fits counts; reject, defer, discard, accept and ``stop`` end the walk.
    A hold stays a hold, whatever a later rule says. Put the filter behind ``attachments`` and
    the authentication filters, whose findings it can ask about.
    """

    file: Path | None = None
    """rules.toml, relative to the configuration folder; read again on reload, with its lists."""
    rules: tuple[Rule, ...] = ()
    """Rules in place of a file, or on top of it."""
    lists: dict[str, frozenset[str]] = Field(default_factory=dict)
    """Addresses (``a@b.vn``) and domains (``@b.vn``) by the name that ``list:<name>`` uses."""

    @model_validator(mode="before")
    @classmethod
    def _with_file(cls, table: Any, info: ValidationInfo) -> Any:
        """The file's rules become part of the settings; ``context["folder"]`` is where it lies."""
        if not isinstance(table, dict):
            return table
        own = table.get("rules", ())
        rules = own if isinstance(own, tuple) else rules_from(own)
        lists = {name: frozenset(kept) for name, kept in table.get("lists", {}).items()}
        if not table.get("file"):
            return {**table, "rules": rules, "lists": lists}
        file = Path((info.context or {}).get("folder", ".")) / table["file"]
        from_file, listed = read_rules(file)
        return {**table, "rules": from_file + rules, "lists": {**listed, **lists}}

    @model_validator(mode="after")
    def _is_whole(self) -> "Rules":
        for rule in self.rules:
            for name in sorted(list_names(rule.when) - set(self.lists)):
                known = ", ".join(sorted(self.lists)) or "none"
                raise ValueError(f"rule {rule.name!r}: no list {name!r}; there are: {known}")
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rules are called {name!r}")
        object.__setattr__(
            self, "rules", tuple(sorted(self.rules, key=lambda rule: -rule.priority))
        )
        return self

    def message(self, mail: Mail) -> Verdict | None:
        now = mail.services.clock.now()
        asked = Asked(mail, self.lists)
        said: list[Verdict] = []
        for rule in self.rules:
            why = asked.fits(rule.when) if rule.counts_at(now) else None
            if why is None:
                continue
            named = later("the rule {name}").format(name=repr(rule.name))
            reason = f"{named}; {why}" if why else named
            if rule.mode == "observe":
                would = later("only observed; its word would be: {verdict}").format(
                    verdict=rule.then.verdict
                )
                said.append(Pass(f"{reason}; {would}"))
                continue
            said.append(rule.then.answer(Pass(reason), rule.name))
            if rule.then.is_last:
                break
        return strongest(said)
