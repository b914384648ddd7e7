"""Who is who: units, people and mailboxes, from directory.toml."""
