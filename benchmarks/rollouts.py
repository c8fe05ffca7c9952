"""What a canary finds and how often it is wrong, what silent versions, proofs and labels cost, how long rollbacks take.

    python benchmarks/rollouts.py [--only replays,silent,rollback,proof,labels] [--replays 200] [--turns 36] [--secs .3]

One JSON line a figure. On a busy machine processor time tells more than wall time. `replays` plays canaries through the
code that decides in a server, without a server; the naive way, a z test at every look, is played in the same replays.
`silent` and `rollback` start servers on 127.0.0.1; `proof` deploys one bundle to two deployments; `labels` keeps
answers together, as servers do, and each in a transaction of its own, the naive way.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
from serving import as_rows, ask_once, bundle_at, cpu_s, family, load, mesic_serve, show, table

from mesic import requests_needed
from mesic.live.acting import rollback as return_to
from mesic.live.answers import KeptAnswer, keep
from mesic.live.deploying import Wanted, deploy_live
from mesic.live.deployment import Deployment
from mesic.live.labels import Labels
from mesic.live.ledger import Ledger
from mesic.live.outcomes import take
from mesic.live.status import status_of
from mesic.live.tallies import Tally, folded
from mesic.live.tokens import Tokens
from mesic_plugins.rollouts.canary import Canary

TOGETHER = 5  # requests between two looks
BUG_SHARE = 0.02
POLICY = """waivers:
  - {code: CARD-MISSING, who: benchmark, reason: a made-up bundle, until: 2099-01-01}
  - {code: NO-BETTER-THAN-BASELINE, who: benchmark, reason: a made-up bundle, until: 2099-01-01}
"""


class World:
    """What rows, versions and people do in one replay."""

    def __init__(self, seed, *, bug):
        self.rng, self.bug = np.random.default_rng([seed, bug]), bug

    def look(self, canary, state, first):
        """Play some requests; return what a server would have counted."""
        rng, tally = self.rng, Tally()
        units = [f"user {number}" for number in range(first, first + TOGETHER)]
        places, _ = canary.assign_all(units, state)
        for place in places:
            arm, new = state.active[place], state.active.index("new")
            old_says, new_says = self.answers()
            meets_bug = self.bug and rng.random() < BUG_SHARE
            tally.assigned[arm] += 1
            if place == new and meets_bug:
                tally.fail("new", ValueError("planted"))
                continue
            tally.add(arm, ("latency",), rng.normal(-8, 0.5))
            tally.add(arm, ("said", new_says if place == new else old_says), 1.0)
            if place == new or rng.random() < canary.beside:
                if meets_bug:
                    tally.fail("new", ValueError("planted"))
                    continue
                tally.add("new", ("beside",), 1.0)
                tally.add("new", ("pair", old_says, new_says), 1.0)
        return tally

    def answers(self):
        """Return what the two versions say to a row: 30 % yes, 4 % of the rows decided differently."""
        old = "yes" if self.rng.random() < 0.3 else "no"
        if self.rng.random() < 0.04:
            return old, "yes" if self.rng.random() < 0.3 else "no"
        return old, old


def replay(seed, *, bug, **options):
    """Play a canary to its end; return its action, the requests until then, and when the naive way had gone back."""
    canary, world = Canary(reference="old", seed=seed, **options), World(seed, bug=bug)
    state, requests, naive = canary.begin(["new", "old"]), 0, None
    while True:
        state = folded(state, world.look(canary, state, requests).as_dict())
        requests += TOGETHER
        decision = canary.decide(state)
        naive = naive or (requests if is_naive_alarm(state) else None)
        if decision.action != "continue":
            return decision.action, requests, naive


def is_naive_alarm(state):
    """Return whether a z test of the share of yes says p < 0.05 now."""
    counts = {arm: [state.measured(arm, "said", word).rewarded for word in ("yes", "no")] for arm in ("old", "new")}
    n = [sum(counts[arm]) for arm in ("old", "new")]
    if min(n) < 30:
        return False
    shares = [counts[arm][0] / sum(counts[arm]) for arm in ("old", "new")]
    both = sum(counts[arm][0] for arm in counts) / sum(n)
    spread = (both * (1 - both) * (1 / n[0] + 1 / n[1])) ** 0.5
    return spread > 0 and abs(shares[1] - shares[0]) / spread > 1.96


def share(count, of):
    from scipy import stats

    low, high = stats.binomtest(count, of).proportion_ci(0.95, method="exact")
    return {"value": count / of, "low": round(low, 4), "high": round(high, 4), "method": "Clopper-Pearson, 95 %"}


def replays(arguments):
    """Plant a bug in 2 % of the rows, or none."""
    planned, count = requests_needed(0.05, BUG_SHARE), arguments.replays
    for options in ({}, {"beside": 0.0}):
        found = [replay(seed, bug=True, **options) for seed in range(count)]
        in_time = sum(action == "rollback" and requests <= planned for action, requests, _ in found)
        show(
            figure="bug in 2 % of the rows, 5 % of the units, found within the planned requests", planned=planned,
            **options, replays=count, found=share(in_time, count),
            median_requests=float(np.median([requests for _, requests, _ in found])),
            by_arithmetic=round(1 - (1 - 0.05 * BUG_SHARE) ** planned, 4) if options else None,
            at_least=0.95, reached=in_time / count >= 0.95,
        )  # fmt: skip
    found = [replay(seed, bug=False) for seed in range(count)]
    wrong = sum(action == "rollback" for action, _, _ in found)
    naive = sum(early is not None for _, _, early in found)
    show(
        figure="no bug: rolled back all the same", replays=count, false=share(wrong, count), at_most=0.01,
        reached=wrong / count <= 0.01, naive=share(naive, count), requests=float(np.median([f[1] for f in found])),
    )  # fmt: skip


def mesic(folder, *words):
    command = [sys.executable, "-m", "mesic", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def deployed(folder):
    """Make a deployment of two versions, the first one in use; return its place."""
    (folder / "policy.yaml").write_text(POLICY)
    for name, seed in (("a", 0), ("b", 3)):
        bundle_at(folder / name, seed=seed)
    live = folder / "live"
    mesic(
        folder,
        "deploy",
        f"bundle={folder / 'a'}",
        f"deployment={live}",
        f"policy={folder / 'policy.yaml'}",
        "version=a",
    )
    return live


def begin(folder, live, rollout):
    deploy_live(live, Wanted(folder / "b", rollout, version="b", policy=str(folder / "policy.yaml")))


def model(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/model", timeout=60) as reply:
        return reply.read().decode()


WAYS = ("off", "stopped", "on")


def silent(arguments):
    """Compare callers' times with and without a silent version, turn by turn, at two servers that change parts.

    `stopped`: rows are handed over, but nobody answers them meanwhile; it tells what the handing over costs.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lives = [deployed(folder), folder / "twin"]
        shutil.copytree(*lives)
        bodies = [json.dumps(row).encode() for row in as_rows(table(1000, 1)[0])]
        with mesic_serve(folder, f"deployment={lives[0]}") as one, mesic_serve(folder, f"deployment={lives[1]}") as two:
            served, turns, told = (one, two), [], []
            for trying in (0, 1):
                begin(folder, lives[trying], "silent")
                until(lambda trying=trying: '"shares"' in model(served[trying][1]))
                time.sleep(1)
                turns += in_turns(served[trying], served[1 - trying], bodies, arguments)
                time.sleep(2)  # counts are added up
                told.append(status_of(lives[trying])["rollout"])
                return_to(lives[trying])
                until(lambda trying=trying: '"shares"' not in model(served[trying][1]))
        for way in WAYS[1:]:
            pairs = paired(turns, way)
            show(
                figure="silent roll-out, one row, one caller who never pauses", **pairs, way=way, turns=len(turns),
                at_most=1.1 if way == "on" else None, reached=pairs["p99_ratio"]["value"] <= 1.1,
                compared=[one["versions"].get("b", {}).get("rows", 0) for one in told],
                dropped=[one["dropped"] for one in told],
                load=os.getloadavg()[0],
            )  # fmt: skip


def in_turns(on, off, bodies, arguments):
    """Return, for each turn, what was seen each way; who is first changes."""
    (beside,) = [pid for pid in family(on[0].pid) if b"mesic.serving.comparing" in command_of(pid)]
    for _, port in (on, off):
        load(port, bodies, 1, 1)
    turns = []
    for number in range(arguments.turns):
        seen = {}
        for way in WAYS[number % 3 :] + WAYS[: number % 3]:
            process, port = off if way == "off" else on
            if way == "stopped":
                os.kill(beside, signal.SIGSTOP)
            before = cpu_s(process.pid)
            times = load(port, bodies, 1, arguments.secs).times
            used = cpu_s(process.pid) - before
            os.kill(beside, signal.SIGCONT)
            time.sleep(0.2)  # what is left to be compared is compared
            seen[way] = [*(float(np.percentile(times, part)) for part in (50, 99)), used, len(times)]
        turns.append(seen)
    return turns


def command_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def paired(turns, way):
    """Return the medians of both ways, and of the ratios within a turn."""
    both = np.array([[turn["off"], turn[way]] for turn in turns])
    ratios = both[:, 1, :2] / both[:, 0, :2]
    drawn = np.random.default_rng(0).integers(0, len(turns), (2000, len(turns)))
    low, high = np.percentile(np.median(ratios[drawn], axis=1), (2.5, 97.5), axis=0)
    middle, ratio = np.median(both[:, :, :2], axis=0) * 1000, np.median(ratios, axis=0)
    low, high, ratio = low.tolist(), high.tolist(), ratio.tolist()
    method = "median of the ratios of turns, bootstrap of turns, 95 %"
    told = {
        name: {"value": round(ratio[k], 3), "low": round(low[k], 3), "high": round(high[k], 3), "method": method}
        for k, name in enumerate(("p50_ratio", "p99_ratio"))
    }
    cpu = both[:, :, 2].sum(axis=0) / both[:, :, 3].sum(axis=0) * 1e6
    return {"p50_ms": middle[:, 0].round(3).tolist(), "p99_ms": middle[:, 1].round(3).tolist(), **told,
            "cpu_us_of_all_processes": cpu.round(1).tolist()}  # fmt: skip


def rollback(arguments):
    """Take the time of the command, and until no answer comes from the version that was taken back."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        live = deployed(folder)
        row = json.dumps(as_rows(table(1, 1)[0])[0]).encode()
        commands, used, answers = [], [], []
        with mesic_serve(folder, f"deployment={live}", "workers=2") as (_, port):
            for number in range(arguments.rollbacks):
                begin(folder, live, "single")
                until(lambda: all(says(port, row) == "b" for _ in range(20)))
                time.sleep(2)
                seen, done = [], threading.Event()

                def ask(seen=seen, done=done):
                    while not done.is_set():
                        version = says(port, row)
                        seen.append((time.perf_counter(), version))
                        time.sleep(0.02)

                callers = [threading.Thread(target=ask) for _ in range(2)]
                [caller.start() for caller in callers]
                before, start = children_cpu_s(), time.perf_counter()
                mesic(folder, "deploy", "rollback", f"deployment={live}")
                end = time.perf_counter()
                commands.append(end - start)
                used.append(children_cpu_s() - before)
                time.sleep(2)
                done.set()
                [caller.join() for caller in callers]
                answers.append(max(0.0, *(moment - end for moment, version in seen if version == "b")))
                del number
        show(
            figure="rollback, as a command, and from its end until every answer is the old version's",
            times=arguments.rollbacks, load=os.getloadavg()[0], command_cpu_s=round(float(np.median(used)), 3),
            command_s={"median": round(float(np.median(commands)), 3), "most": round(max(commands), 3)},
            answers_s={"median": round(float(np.median(answers)), 3), "most": round(max(answers), 3)},
            at_most_s=1, reached=max(commands) <= 1,
        )  # fmt: skip


def proof(arguments):
    """Take the processor time of a first deployment of a bundle, and of the same bundle again elsewhere."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        (folder / "policy.yaml").write_text(POLICY)
        bundle_at(folder / "a")
        used = []
        for live in ("first", "again"):
            before = children_cpu_s()
            mesic(folder, "deploy", "bundle=a", f"deployment={live}", "policy=policy.yaml", "version=a")
            used.append(children_cpu_s() - before)
        told = [status_of(folder / live)["versions"]["a"]["proof"] for live in ("first", "again")]
        show(
            figure="deploy a version: proven, and known", rows=sum(told[0]["rows"].values()), load=os.getloadavg()[0],
            cpu_s=[round(one, 2) for one in used], ratio=round(used[1] / used[0], 3),
            is_new=[one["is_new"] for one in told],
        )  # fmt: skip


def labels(arguments):
    """Take the processor time of keeping an answer and of taking its label, and the room."""
    with tempfile.TemporaryDirectory() as name:
        facts = {"a": {"classes": ["no", "yes"]}}
        ledgers = [Ledger(Path(name) / way) for way in ("together", "alone")]
        for ledger in ledgers:
            ledger.change(lambda _: Deployment("a", versions=facts), action="deploy", why="first")
        tokens = Tokens(ledgers[0].seen().secret)
        answer = {"prediction": "yes", "p_no": 0.123456789012345, "p_yes": 0.876543210987655}
        requests = [f"0123456789abcdef-{number:x}" for number in range(20_000)]
        kept = [KeptAnswer(one, 0, tokens.made("-", "a", 0.05, request_id=one), answer) for one in requests]
        said = [{"request_id": one, "label": "yes"} for one in requests]
        used = {
            "keep": cpu_us(lambda part: kept_by(ledgers[0], part), kept, 1000),
            "keep, a transaction each": cpu_us(lambda part: kept_by(ledgers[1], part), kept[:500], 1),
        }
        size = ledgers[0].store.path.stat().st_size / len(kept)
        used["label"] = cpu_us(lambda part: take(ledgers[0], tokens, part), said, 1000)
        show(figure="labels, processor time a row", us=used, bytes_a_row=round(size), load=os.getloadavg()[0])


def kept_by(ledger, part):
    with ledger.store.changing() as connection:
        keep(connection, part, Labels())


def cpu_us(work, rows, together):
    start = time.process_time()
    for place in range(0, len(rows), together):
        work(rows[place : place + together])
    return round((time.process_time() - start) / len(rows) * 1e6, 1)


def children_cpu_s():
    """Return the processor seconds of processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def says(port, row):
    return ask_once(port, row)[1]["version"]


def until(claim):
    end = time.monotonic() + 60
    while not claim():
        if time.monotonic() > end:
            sys.exit("it never came to be")
        time.sleep(0.1)


PARTS = {"replays": replays, "silent": silent, "rollback": rollback, "proof": proof, "labels": labels}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--secs", type=float, default=0.3)
    parser.add_argument("--turns", type=int, default=36)
    parser.add_argument("--rollbacks", type=int, default=5)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    for part in arguments.only.split(","):
        PARTS[part](arguments)


if __name__ == "__main__":
    main()
