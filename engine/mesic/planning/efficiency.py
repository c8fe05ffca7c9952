"""What a fit takes, step by step, before anything is run: how it grows with the rows, which steps loop in Python."""

from mesic.planning.growth import Growth, growth_of
from mesic.planning.loops import Loop, loops_of
from mesic.planning.pilot import Pilot
from mesic.runs import plan
from mesic.runs.resources import Clock
from mesic.runs.seeds import stage_rng

SHARE = 0.7  # of the budget that is for growth; the rest is for loops


def efficiency(found: Pilot, config: plan.Config) -> tuple[list[Growth], list[Loop]]:
    """Return how the time of each step grows, and the steps that loop over rows, within ``growth.budget_s``."""
    budget_s, seed = config["growth"]["budget_s"], config["seed"]
    if not budget_s:
        return [], []
    clock, train, level = Clock.started(), found.split.train, config["interval"]["level"]
    rng, others = stage_rng(seed, "plan, growth"), stage_rng(seed, "plan, loops")
    grown = growth_of(found.recipe, found.dataset, train, budget_s=budget_s * SHARE, level=level, rng=rng)
    left_s = max(0.0, budget_s - clock.wall_s())
    return grown, loops_of(found.recipe, found.dataset, train, budget_s=left_s, rng=others)
