"""What argparse itself says, for the catalogue: it asks gettext, in the domain of the process."""

from __future__ import annotations

from gateway.runtime.words import later

TOLD = (
    later("usage: "),
    later("positional arguments"),
    later("options"),
    later("show this help message and exit"),
    later("argument %(argument_name)s: %(message)s"),
    later("unrecognized arguments: %s"),
    later("not allowed with argument %s"),
    later("ignored explicit argument %r"),
    later("the following arguments are required: %s"),
    later("one of the arguments %s is required"),
    later("expected one argument"),
    later("expected at least one argument"),
    later("ambiguous option: %(option)s could match %(matches)s"),
    later("invalid %(type)s value: %(value)r"),
    later("invalid choice: %(value)r (choose from %(choices)s)"),
    later("%(prog)s: error: %(message)s\n"),
)
