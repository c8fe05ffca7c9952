"""A Hydra application that knows nothing of mesic but one function; it can be told to misbehave."""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import hydra

from mesic import report_intermediate


def misbehave(how):
    """Do what jobs do when they go wrong."""
    if how == "raise":
        raise ValueError("the learner gave up")
    if how == "leave":
        sys.exit(3)
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "hang":
        with suppress(Exception):  # as tasks do that protect themselves
            time.sleep(1000)
    if how == "hang_in_c":  # no Python code runs any more
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(1000)
    if how == "eat":
        held = bytearray(500_000_000)
        held[:: os.sysconf("SC_PAGE_SIZE")] = b"1" * len(range(0, len(held), os.sysconf("SC_PAGE_SIZE")))
        time.sleep(1000)


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(config):
    """Return the distance from (2, 0), as the configuration wants it said."""
    number = hydra.core.hydra_config.HydraConfig.get().job.get("num", 0)
    time.sleep(config.sleep)
    misbehave(config.do)
    loss = (config.x - 2) ** 2 + config.y**2 + config.model.penalty
    for step in range(config.steps):
        report_intermediate(loss + 1 / (step + 1), step=step)
    with Path("finished.log").open("a") as log:
        log.write(f"{number} {config.x!r} {os.getpid()}\n")
    answers = {
        "number": loss,
        "not_a_number": float("nan"),
        "text": "good",
        "two": [loss, config.x],
        "constrained": {"value": loss, "constraints": {"small": config.x - 1}},
        "unmet": {"value": loss, "constraints": {"small": 10 + config.x}},
    }
    return answers[config.answer]


if __name__ == "__main__":
    main()
