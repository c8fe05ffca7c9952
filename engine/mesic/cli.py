"""The command line: ``mesic VERB [group=option] [key=value] [-m] [Hydra flags]``.

Hydra owns everything after the verb. Every error that mesic raises on purpose becomes one message and an exit
status; ``MESIC_DEBUG=1`` shows the traceback.
"""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from mesic.errors import MesicError, UsageError, message_of
from mesic.host.names import did_you_mean
from mesic.terminal import shown

VERBS = {
    "run": "carry a table through an experiment, from source to record and bundle",
    "data": "what there is to know of a table: check, schema, card, diff, label, trace",
    "plan": "is ML worth it here, and what would it take: answers, leaks, hours; runs nothing; also ab, bandit, canary",
    "deploy": "build what answers elsewhere, proven to answer as it does; also status, outcomes, promote, rollback",
    "predict": "score a file of any size with a bundle",
    "serve": "answer on demand with a bundle, over HTTP, or as a stream of records",
    "report": "draw a run's page again from its record",
    "compare": "which of several runs or bundles is better, what newer data do; also ab, bandit",
    "advise": "what to do next: data (are more rows worth it)",
    "reproduce": "run again from the record and prove that it is the same",
    "log": "show a run's timeline; add human work with its hours and cost",
    "list": "components with their options, types, defaults and provider",
    "check": "a configuration, a schema, a bundle: all problems at once, before any work",
}
DATA_VERBS = {
    "check": "what is wrong with a table, all at once: leaks, each with its price, and quality",
    "schema": "what each column is and may hold: infer it, enforce it, accept what is new",
    "card": "a data set's card for people and machines, from a run's record and what its owner says",
    "diff": "what differs between two versions of a table: rows, cells, labels by labeler, distributions",
    "label": "tasks for people, people beside a model, one label of several labelers",
    "trace": "what became of one row of a run's source, and why",
}
SUB_VERBS = {  # modules mesic.verbs.ab.plan and so on
    "plan ab": "how many units an A/B test needs, until when, and what each look can decide",
    "compare ab": "what the log of an A/B test says: promote, roll back, keep or continue",
    "plan bandit": "what a bandit would cost before it serves anyone: regret of each policy beside an A/B test",
    "compare bandit": "what each arm is worth, read from the log of a bandit, with intervals that hold",
    "plan canary": "how many requests show a bug when few units see the new version, stage by stage",
    "deploy status": "which versions answer whom, and what is known of the one that is tried",
    "deploy outcomes": "what came of the answers of a deployment, as a table: labels, or rewards",
    "deploy promote": "let the version that is tried answer everyone",
    "deploy rollback": "go back: end the roll-out under way, else return to the version before",
}
LIVE = {f"{verb} {word}": f"live.{word}" for verb, word in map(str.split, SUB_VERBS) if word not in ("ab", "bandit")}
ADVISE_VERBS = {
    "data": "are more rows worth it: what they would bring by the run's learning curve, what they cost, which ones",
}
FAMILIES = {"data": DATA_VERBS, "advise": ADVISE_VERBS}
INTERRUPTED = 130
GOES_ON = {"run": "; the same command with the same out= takes the run up again"}
ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000  # Python's 700 make the imports of a run 1.1 times as long
# Threads that wait spin for a moment, then sleep. Never spinning made a fit on an idle machine 1.5 times as long;
# spinning for 100 times as long made two runs that share two cores take 40 s for 2 s.
SPINS_BEFORE_SLEEP = "1000"
EPILOG = """\
  mesic run                                    the embedded table, all defaults
  mesic run source=table source.path=train.parquet source.target=income metric=roc_auc
  mesic run -m learner=lightgbm,linear seed=0,1   a sweep
  mesic VERB --help                            groups and keys of a verb
  mesic list learner/lightgbm                  one component in full

--json prints one JSON object on stdout. Exit status: 0 fine, 1 a check said no, 2 wrong configuration or usage,
3 the data broke its contract, 4 a component or plugin is missing. MESIC_DEBUG=1 shows tracebacks."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status."""
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who is asked to end ends as by Ctrl-C
    status = status_of(sys.argv[1:] if arguments is None else list(arguments))
    if status == INTERRUPTED:
        sys.stdout.flush()
        os._exit(status)  # sys.exit would wait for the fits that other threads are at
    gc.freeze()  # what is left the system takes back as a whole: collecting it once more took 0.4 s
    sys.exit(status)


def status_of(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS_BEFORE_SLEEP)
    try:
        return _dispatch(arguments)
    except MesicError as error:
        if os.environ.get("MESIC_DEBUG") == "1":
            raise
        sys.stderr.write(f"mesic: {shown(message_of(error))}\n")
        return error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write(f"mesic: interrupted{GOES_ON.get(arguments[0], '')}\n")
        return INTERRUPTED
    except MemoryError as error:
        if os.environ.get("MESIC_DEBUG") == "1":
            raise
        sys.stderr.write(f"mesic: there is not enough memory{f' ({error})' if str(error) else ''}: give fewer rows\n")
        return MesicError.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0
    verb, rest = arguments[0], arguments[1:]
    if verb == "--version":
        from importlib.metadata import version

        sys.stdout.write(f"mesic {version('mesic')}\n")
        return 0
    if verb not in VERBS:
        raise UsageError(f"no verb {verb!r}{did_you_mean(verb, VERBS) or '; verbs: ' + ', '.join(VERBS)}")
    as_json, rest = "--json" in rest, [text for text in rest if text != "--json"]
    if word := _second_word(verb, rest):
        verb, rest = LIVE.get(f"{verb} {word}", f"{word}.{verb}"), rest[1:]
    status: int = import_module(f"mesic.verbs.{verb}").main(rest, as_json=as_json)
    return status


def _second_word(verb: str, rest: Sequence[str]) -> str:
    """Return the second word of a verb that has such, or nothing; one that there is not is refused."""
    words = [name.split()[1] for name in SUB_VERBS if name.split()[0] == verb]
    word = rest[0] if rest else ""
    if not words or not word.isidentifier():
        return ""
    if word not in words:
        near = did_you_mean(word, words) or f"; there are: {', '.join(words)}"
        raise UsageError(f"no verb '{verb} {word}'{near}; keys are given as key=value")
    return word


def usage() -> str:
    """Return what ``mesic --help`` prints."""
    verbs = "\n".join(f"  {verb:<10} {summary}" for verb, summary in VERBS.items())
    return (
        "mesic: experiments on tables, from source to record and bundle\n\n"
        f"mesic VERB [group=option] [key=value] [-m] [Hydra flags]\n\n{verbs}\n\n{EPILOG}\n"
    )
