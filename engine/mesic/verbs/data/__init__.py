"""``mesic data VERB``: what there is to know of a table before anything is learned from it."""

from importlib import import_module

from mesic.cli import DATA_VERBS
from mesic.console import print_text
from mesic.errors import UsageError
from mesic.host.names import did_you_mean


def main(arguments: list[str], *, as_json: bool) -> int:
    """Hand over to the verb that the first argument names."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print_text("mesic data VERB [group=option] [key=value] [Hydra flags]\n")
        print_text("\n".join(f"  {verb:<8} {summary}" for verb, summary in DATA_VERBS.items()))
        return 0
    verb, rest = arguments[0], arguments[1:]
    if verb not in DATA_VERBS:
        raise UsageError(
            f"no verb 'data {verb}'{did_you_mean(verb, DATA_VERBS) or '; verbs: ' + ', '.join(DATA_VERBS)}"
        )
    status: int = import_module(f"mesic.verbs.data.{verb}").main(rest, as_json=as_json)
    return status
