"""``mesic advise VERB``: what to do next with a run, and what it would bring."""

from importlib import import_module

from mesic.cli import ADVISE_VERBS
from mesic.console import print_text
from mesic.errors import UsageError
from mesic.host.names import did_you_mean


def main(arguments: list[str], *, as_json: bool) -> int:
    """Hand over to the verb that the first argument names."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print_text("mesic advise VERB [key=value] [Hydra flags]\n")
        print_text("\n".join(f"  {verb:<8} {summary}" for verb, summary in ADVISE_VERBS.items()))
        return 0
    verb, rest = arguments[0], arguments[1:]
    if verb not in ADVISE_VERBS:
        near = did_you_mean(verb, ADVISE_VERBS) or "; verbs: " + ", ".join(ADVISE_VERBS)
        raise UsageError(f"no verb 'advise {verb}'{near}")
    status: int = import_module(f"mesic.verbs.advise.{verb}").main(rest, as_json=as_json)
    return status
