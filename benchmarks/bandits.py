"""What bandits cost and gain: regret, time a decision, coverage of what is read from their logs.

    python benchmarks/bandits.py [REPEATS] [SEEDS]

The peer is a plain loop, one step after the other, in the same process. The last figures replay a real table, diamonds
(53,940 stones): three models say the cut, and a right answer is the reward.
"""

import math
import random
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from measure import data_file, show

from mesic import Outcome
from mesic.rollout.simulation import Course, even_shares, mean_with_interval, simulate
from mesic.rollout.values import Log, arm_values
from mesic_plugins.rollouts.bandit import Bandit

BOOK = (0.05, 0.055, 0.06)
STEPS = 100_000
MOST_THOMPSON, UCB1_WITHIN = 110.0, (370.0, 383.0)
MOST_US, MOST_US_BATCHED = 10.0, 0.5
LEAST_COVERED, LEAST_SAVED, LEAST_BEST = 0.93, 0.5, 0.8


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    decisions()
    regrets(repeats)
    coverage(logs=400)
    replay(seeds)


def regrets(repeats: int) -> None:
    """Simulate the anchor of the literature, and an A/B test with equal shares beside it."""
    even = simulate(even_shares, Course(BOOK, STEPS, repeats)).regret.mean()
    for policy, floor, batch in (
        ("thompson", 0.0, 100),
        ("thompson", 0.01, 100),
        ("ucb1", 0.0, 1),
        ("ucb1", 0.0, 100),
        ("kl_ucb", 0.0, 100),
        ("epsilon_greedy", 0.0, 100),
    ):
        played = simulate(Bandit(policy, floor=floor).shares_of, Course(BOOK, STEPS, repeats, batch))
        mean, low, high = mean_with_interval(played.regret, 0.95)
        asked: dict[str, object] = {}
        if policy == "thompson":
            asked = {"at_most": MOST_THOMPSON, "reached": mean <= MOST_THOMPSON}
        if (policy, batch) == ("ucb1", 1):
            asked = {"within": UCB1_WITHIN, "reached": UCB1_WITHIN[0] <= mean <= UCB1_WITHIN[1]}
        show(
            {
                "figure": f"regret of {policy}",
                "floor": floor,
                "batch": batch,
                "regret": round(mean, 1),
                "standard_error": round(float(played.regret.std(ddof=1)) / math.sqrt(repeats), 1),
                "interval": [round(low, 1), round(high, 1)],
                **asked,
                "peer": round(even, 1),
                "peer_is": "equal shares",
                "best_share_last_fifth": round(float(played.best_share.mean()), 3),
                "steps": STEPS,
                "repeats": repeats,
            }
        )


def decisions() -> None:
    """Time assignments: alone, with everything that belongs to a step, many at once; and plain loops."""
    bandit = Bandit()
    loops = {"thompson": plain_thompson(), "ucb1": plain_ucb1()}
    whole, assigning, regret = one_by_one(bandit)
    show(
        {
            "figure": "us a decision, one at a time",
            "us": round(assigning, 2),
            "at_most": MOST_US,
            "reached": assigning <= MOST_US,
            "with_outcomes_counted_us": round(whole, 2),
            "peer_us": {name: round(us, 2) for name, (us, _) in loops.items()},
            "peer_is": "a plain loop, which keeps no ids, no propensities and no state to replay",
            "regret_at_once": round(regret, 1),
            "unit": "CPU, work on shares included, every 100 outcomes",
        }
    )
    state = bandit.update_all(bandit.begin(["a", "b", "c"]), outcomes_of(5_000))
    units = [f"user {number}" for number in range(1_000)]
    bandit.assign_all(units, state)
    batched = cpu(lambda: [bandit.assign_all(units, state) for _ in range(300)]) / 300_000 * 1e6
    show(
        {
            "figure": "us a decision, 1,000 at once",
            "us": round(batched, 3),
            "at_most": MOST_US_BATCHED,
            "reached": batched <= MOST_US_BATCHED,
            "unit": "CPU",
        }
    )


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def outcomes_of(count: int) -> list[Outcome]:
    chance = random.Random(0)
    arms = [chance.randrange(3) for _ in range(count)]
    return [
        Outcome("", "abc"[arm], float(chance.random() < BOOK[arm]), float(number), 1 / 3, str(number))
        for number, arm in enumerate(arms)
    ]


def one_by_one(bandit: Bandit) -> tuple[float, float, float]:
    """Return CPU us a step, and of it for the assignment and the shares, and the regret of the one run."""
    chance = random.Random(1)
    luck = [chance.random() for _ in range(STEPS)]
    state, waiting, regret, assigning = bandit.begin(["a", "b", "c"]), [], 0.0, 0.0
    start = time.process_time()
    for first in range(0, STEPS, bandit.batch):
        before = time.process_time()
        drawn = [bandit.assign(f"user {number}", state) for number in range(first, first + bandit.batch)]
        assigning += time.process_time() - before
        for number, (arm, propensity) in enumerate(drawn, first):
            mean = BOOK["abc".index(arm)]
            regret += BOOK[2] - mean
            reward = 1.0 if luck[number] < mean else 0.0
            waiting.append(Outcome(f"user {number}", arm, reward, float(number), propensity, str(number)))
        state, waiting = bandit.update_all(state, waiting), []
    whole = time.process_time() - start
    return whole / STEPS * 1e6, assigning / STEPS * 1e6, regret


def plain_thompson() -> tuple[float, float]:
    chance, rewarded, total, regret = random.Random(2), [0, 0, 0], [0, 0, 0], 0.0
    start = time.process_time()
    for _ in range(STEPS):
        draws = [chance.betavariate(1 + total[arm], 1 + rewarded[arm] - total[arm]) for arm in (0, 1, 2)]
        arm = draws.index(max(draws))
        rewarded[arm] += 1
        total[arm] += chance.random() < BOOK[arm]
        regret += BOOK[2] - BOOK[arm]
    return (time.process_time() - start) / STEPS * 1e6, regret


def plain_ucb1() -> tuple[float, float]:
    chance, rewarded, total, regret = random.Random(2), [1, 1, 1], [0, 0, 1], 0.0
    start = time.process_time()
    for step in range(3, STEPS):
        doubt = 2 * math.log(step)
        arm = max((0, 1, 2), key=lambda one: total[one] / rewarded[one] + math.sqrt(doubt / rewarded[one]))
        rewarded[arm] += 1
        total[arm] += chance.random() < BOOK[arm]
        regret += BOOK[2] - BOOK[arm]
    return (time.process_time() - start) / STEPS * 1e6, regret


def coverage(logs: int) -> None:
    """Make logs by each policy and read them: how often the interval holds the truth, and how often the usual one."""
    for means in (BOOK, (0.2, 0.2, 0.2), (0.1, 0.3, 0.5)):
        for policy in ("thompson", "ucb1", "epsilon_greedy"):
            for steps in (2_000, 20_000):
                hits, usual = covered(Bandit(policy, floor=0.02), np.array(means), steps, logs)
                show(
                    {
                        "figure": "coverage of 95 % intervals read from logs",
                        "policy": policy,
                        "arms": means,
                        "steps": steps,
                        "covered": [round(share, 3) for share in hits],
                        "at_least": LEAST_COVERED,
                        "reached": min(hits) >= LEAST_COVERED,
                        "peer": [round(share, 3) for share in usual],
                        "peer_is": "mean of an arm's own rows, normal interval",
                        "logs": logs,
                        "floor": 0.02,
                    }
                )


def covered(bandit: Bandit, means: np.ndarray, steps: int, logs: int) -> tuple[list[float], list[float]]:
    """Return by arm the share of logs whose interval holds the mean: ours, and that of the arm's own rows."""
    rng = np.random.default_rng(0)
    arms, rewards, propensities = (np.empty((logs, steps), dtype) for dtype in (np.int64, np.float64, np.float64))
    rewarded, total = np.zeros((2, logs, means.size))
    for start in range(0, steps, bandit.batch):
        shares = bandit.shares_of(rewarded, total)
        chance = rng.random((logs, bandit.batch, 1))
        arm = (chance > shares.cumsum(axis=1)[:, np.newaxis, :-1]).sum(axis=2)
        reward = (rng.random(arm.shape) < means[arm]).astype(float)
        here = slice(start, start + bandit.batch)
        arms[:, here], rewards[:, here] = arm, reward
        propensities[:, here] = np.take_along_axis(shares, arm, axis=1)
        for place in range(means.size):
            rewarded[:, place] += (arm == place).sum(axis=1)
            total[:, place] += (reward * (arm == place)).sum(axis=1)
    own = total / rewarded
    usual = abs(own - means) <= 1.96 * np.sqrt(own * (1 - own) / rewarded)
    names, spans = ("a", "b", "c"), ((0, steps),) * 3
    hits = np.array(
        [
            [one.weighted.low <= mean <= one.weighted.high for one, mean in zip(values, means, strict=True)]
            for values in (
                arm_values(Log(*log, np.arange(steps), spans))
                for log in zip(arms, [names] * logs, rewards, propensities, strict=True)
            )
        ]
    )
    return hits.mean(axis=0).tolist(), usual.mean(axis=0).tolist()


def replay(seeds: int) -> None:
    """Let three models answer the rows of diamonds, in an order by chance, and a bandit choose who answers."""
    correct = answers(pd.read_parquet(data_file("diamonds.parquet")))
    truth = correct.mean(axis=0)
    even = float(len(correct) * (truth.max() - truth.mean()))
    for policy in ("thompson", "ucb1"):
        saved, best, hits = [], [], []
        for seed in range(seeds):
            regret, share, held = played(Bandit(policy, seed=seed), correct, seed)
            saved.append(1 - regret / even)
            best.append(share)
            hits.append(held)
        show(
            {
                "figure": f"diamonds, {policy}: regret saved against equal shares",
                "median": round(statistics.median(saved), 3),
                "at_least": LEAST_SAVED,
                "reached": statistics.median(saved) >= LEAST_SAVED,
                "best_share_last_fifth": round(statistics.median(best), 3),
                "best_at_least": LEAST_BEST,
                "best_reached": statistics.median(best) >= LEAST_BEST,
                "covered": np.mean(hits, axis=0).round(3).tolist(),
                "covered_at_least": LEAST_COVERED,
                "covered_reached": float(np.mean(hits)) >= LEAST_COVERED,
                "right_answers": truth.round(3).tolist(),
                "peer_regret": round(float(even)),
                "steps": len(correct),
                "seeds": seeds,
            }
        )


def answers(table: pd.DataFrame) -> np.ndarray:
    """Return which rows of the last two thirds each of three models answers rightly, shape (n, 3)."""
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    table = table.sample(frac=1, random_state=0)  # the file is sorted by price
    y = pd.factorize(table["cut"], sort=True)[0]
    X = table.drop(columns="cut").select_dtypes("number").to_numpy(dtype=float)
    third = len(X) // 3
    models = (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        DecisionTreeClassifier(max_depth=2, random_state=0),
        LGBMClassifier(n_estimators=60, n_jobs=1, verbosity=-1, random_state=0),
    )
    return np.column_stack([model.fit(X[:third], y[:third]).predict(X[third:]) == y[third:] for model in models])


def played(bandit: Bandit, correct: np.ndarray, seed: int) -> tuple[float, float, list[bool]]:
    """Return regret, the best model's share of the last fifth, and whether each interval holds the truth."""
    order = np.random.default_rng(seed).permutation(len(correct))
    truth, names = correct.mean(axis=0), ("a", "b", "c")
    state = bandit.begin(names)
    arms, propensities = [], []
    for start in range(0, len(order), bandit.batch):
        rows = order[start : start + bandit.batch]
        places, shares = bandit.assign_all([f"row {row}" for row in rows], state)
        arms.append(places)
        propensities.append(shares)
        came = zip(rows.tolist(), places.tolist(), shares.tolist(), strict=True)
        state = bandit.update_all(
            state,
            [Outcome("", names[arm], float(correct[row, arm]), 0.0, share, str(row)) for row, arm, share in came],
        )
    arm, propensity = np.concatenate(arms), np.concatenate(propensities)
    log = Log(arm, names, correct[order, arm].astype(float), propensity, np.arange(arm.size), ((0, arm.size),) * 3)
    held = [one.weighted.low <= mean <= one.weighted.high for one, mean in zip(arm_values(log), truth, strict=True)]
    last = arm[arm.size - arm.size // 5 :]
    return float((truth.max() - truth[arm]).sum()), float((last == truth.argmax()).mean()), held


if __name__ == "__main__":
    main()
