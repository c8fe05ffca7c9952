"""What a search is worth in the same seconds as peers', how many trials it makes, and what the engine adds to each.

    python benchmarks/tuning.py rank [--budget-s 30] [--seeds 0,1,2] [--tables a,b] [--peers a,b] [--out FILE]
    python benchmarks/tuning.py throughput [--rows 1000,20000,200000] [--seconds 60,180,600]
    python benchmarks/tuning.py own_cost [--rows 1000,20000] [--trials 100]

``rank``: each competitor gets the same 80 % of each table, the same seconds and threads, in a process of its own on
cores of its own, and is scored on the other 20 % (ROC AUC of two classes, log loss of more, RMSE of numbers). The
budget holds what a tool itself calls learning; imports, reading and predictions stand beside it as wall seconds, and
mesic's baselines, test and bundle as well. mesic is run by its command line with learner=auto, without audits and
evaluators, which no peer has, and keeps at least 1 % of its rows from its own models. Who has not answered after 1.5
budgets and a minute is killed, and takes the last rank. With --out, a contest that was ended goes on where it was.
``throughput`` and ``own_cost``: see speed.py. Figures are said with what is asked. Measure on an idle machine.

Tables are those of MESIC_BENCHMARK_DATA that are there, else those that scikit-learn ships, which the figures then say.
The peers are no part of mesic, and not all of them go together; pip installs them, each line in an environment of its
own, and --venv NAME=PATH says where (NAME: flaml, autogluon, optuna, mesic, or a competitor). A peer that cannot be
imported is left out, and counted:

    pip install 'mesic[benchmark-tuning]'        # FLAML, optuna-integration: beside mesic, no --venv needed
    pip install 'mesic[benchmark-autogluon]'     # AutoGluon, which needs an older pandas
"""

import argparse
import os
import statistics
from pathlib import Path

import numpy as np
from contest import FAMILIES, LOWER_IS_BETTER, Results, Terms, hold, missing, ranks
from measure import show
from public_tables import tables

PEERS = ("flaml", "autogluon_medium", "autogluon_best", "lightgbm_tuner_cv", "naive", "defaults")
RANK_AT_MOST = 1.8
SEVERAL = "learner=auto"  # as FLAML and AutoGluon try several learners where nobody says which
OVERRUN_SHARE, OVERRUN_S = 0.1, 2.0


def main() -> None:
    asked = arguments()
    asked.work(asked)


def rank(asked: argparse.Namespace) -> None:
    """Hold the contest, and show what each is worth."""
    chosen, note = tables(asked.tables)
    cores = lanes(asked.parallel, asked.threads)
    overrides = tuple((asked.overrides or SEVERAL).split())
    terms = Terms(asked.budget_s, asked.threads, asked.grace, asked.slack_s, overrides, dict(asked.venv))
    names = ["mesic", *(name for name in asked.peers if name != "mesic")]
    absent = missing(names, terms)
    for name, reason in absent.items():
        show({"skipped": name, "reason": reason})
    if "mesic" in absent:
        raise SystemExit("without mesic there is nothing to rank")
    present = [name for name in names if name not in absent]
    results = Results(asked.out)
    hold([(table, seed, name) for seed in asked.seeds for table in chosen for name in present], terms, cores, results)
    heats = [
        [results.of(table.name, seed, name, terms) for name in present] for seed in asked.seeds for table in chosen
    ]
    about = {"budget_s": asked.budget_s, "threads": asked.threads, "tables": len(chosen), "seeds": len(asked.seeds)}
    lacking = {name: absent.get(name, "not asked for") for name in PEERS if name not in present}
    about |= {"peers_missing": len(lacking)} | ({"note": note} if note else {})
    show_ranks(present, heats, about)
    show_overruns(present, heats, asked.budget_s)
    show({"figure": "peers that are missing", "value": len(lacking), "at_most": 0, "of": len(PEERS), **lacking})


def show_ranks(names, heats, about):
    """Show the mean rank of each, by kind of task too, and how often mesic is better than each peer."""
    placed = np.array([ranks(heat) for heat in heats])
    kinds = np.array([heat[0]["task"] for heat in heats])
    for place, name in enumerate(names):
        mean = float(placed[:, place].mean())
        reached = mean <= RANK_AT_MOST and not about["peers_missing"]
        asked = {"at_most": RANK_AT_MOST, "reached": reached} if name == "mesic" else {}
        facts = {
            "figure": f"mean rank among {len(names)}",
            "competitor": name,
            "value": round(mean, 3),
            **asked,
            "by_task": {str(kind): round(float(placed[kinds == kind, place].mean()), 2) for kind in np.unique(kinds)},
            "no_answer": sum(heat[place]["score"] is None for heat in heats),
        }
        beaten = np.mean(placed[:, 0] < placed[:, place])
        gain = {} if place == 0 else {"mesic_better": round(float(beaten), 3), "median_gain": median_gain(heats, place)}
        show(facts | gain | about)


def median_gain(heats, place):
    """Return the median relative gain of mesic over a peer; of ROC AUC, that of its distance from 1."""
    gains = []
    for heat in heats:
        ours, theirs = heat[0]["score"], heat[place]["score"]
        if ours is not None and theirs is not None:
            lower = LOWER_IS_BETTER[heat[0]["metric"]]
            ours, theirs = (ours, theirs) if lower else (1 - ours, 1 - theirs)
            gains.append(1 - ours / max(theirs, 1e-12))
    return round(statistics.median(gains), 4) if gains else None


def show_overruns(names, heats, budget_s):
    """Show by how many seconds each overran its budget."""
    most = OVERRUN_SHARE * budget_s + OVERRUN_S
    for place, name in enumerate(names):
        lines = [heat[place] for heat in heats]
        over = [line["overrun_s"] for line in lines]
        reached = max(over) <= most and all(line["score"] is not None for line in lines)
        asked = {"at_most": most, "reached": reached} if name == "mesic" else {}
        facts = {"figure": "seconds over the budget, worst", "competitor": name, "value": max(over), **asked}
        walls = {"mean": round(statistics.mean(over), 2)}
        walls |= {
            f"{of}_mean": round(statistics.mean(line[of] or 0 for line in lines), 1) for of in ("wall_s", "peak_mib")
        }
        show(facts | walls)


def lanes(parallel: int, threads: int) -> list[list[int]]:
    """Return the cores of each process that runs side by side."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    if parallel * threads > len(cores):
        raise SystemExit(f"--parallel {parallel} --threads {threads} cannot work: there are {len(cores)} cores")
    return [cores[threads * place : threads * (place + 1)] for place in range(parallel)]


def throughput(asked: argparse.Namespace) -> None:
    """Compare trials a second with the naive script's."""
    from speed import show_throughput

    if len(asked.seconds) != len(asked.rows):
        raise SystemExit("--seconds needs a number for each of --rows")
    show_throughput(asked.rows, asked.seconds, asked.overrides.split())


def own_cost(asked: argparse.Namespace) -> None:
    """Show what the engine adds to a trial."""
    from speed import show_own_cost

    show_own_cost(asked.rows, asked.trials, asked.times)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    contest = commands.add_parser("rank", help="mean rank among peers at the same budget")
    contest.set_defaults(work=rank)
    contest.add_argument("--budget-s", type=float, default=30.0)
    contest.add_argument("--seeds", type=numbers, default=[0, 1, 2])
    contest.add_argument("--tables", type=words, default=None, help="default: all that are there")
    contest.add_argument("--peers", type=peers, default=list(PEERS), help=f"of {','.join(FAMILIES)}")
    contest.add_argument("--threads", type=int, default=1, help="of each competitor")
    contest.add_argument("--parallel", type=int, default=2, help="competitors side by side")
    contest.add_argument("--grace", type=float, default=1.5, help="budgets after which a process is killed, and")
    contest.add_argument("--slack-s", type=float, default=60.0, help="seconds more")
    contest.add_argument("--venv", type=venv, action="append", default=[], metavar="NAME=PATH")
    contest.add_argument("--out", type=Path, default=None, help="file of results; cells that are in it are not run")
    speed = commands.add_parser("throughput", help="trials a second, beside the naive script")
    speed.set_defaults(work=throughput)
    speed.add_argument("--rows", type=numbers, default=[1_000, 20_000, 200_000])
    speed.add_argument("--seconds", type=numbers, default=[60, 180, 600])
    for command in (contest, speed):
        said = f"said to mesic, separated by blanks; rank: {SEVERAL} where nothing is"
        command.add_argument("--overrides", default="", help=said)
    cost = commands.add_parser("own_cost", help="milliseconds that the engine adds to a trial")
    cost.set_defaults(work=own_cost)
    cost.add_argument("--rows", type=numbers, default=[1_000, 20_000])
    cost.add_argument("--trials", type=int, default=100)
    cost.add_argument("--times", type=int, default=3)
    return parser.parse_args()


def words(text: str) -> list[str]:
    return text.split(",")


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def peers(text: str) -> list[str]:
    if strange := [word for word in words(text) if word not in FAMILIES]:
        raise argparse.ArgumentTypeError(f"no competitor {', '.join(strange)}; there are {', '.join(FAMILIES)}")
    return words(text)


def venv(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if name not in {*FAMILIES, *(family for family, _ in FAMILIES.values())} or not path:
        raise argparse.ArgumentTypeError(f"{text!r}: give NAME=PATH, such as flaml=PATH")
    return name, Path(path)


if __name__ == "__main__":
    main()
