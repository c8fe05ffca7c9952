"""Logs of A/B tests: what is wrong with them is said, and what is left is read alike in every order."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import special

from mesic.ab import Columns, Counts, Design, Guard, Moments, Plan, read_exposures, read_out
from mesic.ab.looking import Pair
from mesic.ab.spans import Span
from mesic.errors import DataError, SettingError

ROWS = 4_000


def log_of(rows=ROWS, *, effect=0.1, seed=0, arms=("control", "treatment"), **columns):
    rng = np.random.default_rng(seed)
    arm = rng.choice(arms, rows)
    share = 0.2 + effect * (arm == arms[-1])
    return pd.DataFrame(
        {
            "unit": [f"u{number:06d}" for number in range(rows)],
            "arm": arm,
            "time": pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(rows), "min"),
            "outcome": (rng.random(rows) < share).astype(int),
            **columns,
        }
    )


def plan_of(units=ROWS, **said):
    return Plan(Design(**{"base": 0.2, "mde": 0.05, "looks": 4, **said}), units)


def read(frame, plan=None):
    return read_out(pa.Table.from_pandas(frame, preserve_index=False), plan or plan_of())


def codes(found):
    return [finding.code for finding in found.verdict.findings]


def finding(found, code):
    return next(one for one in found.verdict.findings if one.code == code)


def test_a_clean_log_has_nothing_to_say_but_its_verdict():
    found = read(log_of())
    effect = found.verdict.arms[0].effect

    assert codes(found) == []
    assert found.verdict.decision == "promote"
    assert sum(effect.n) == ROWS // 4 * found.verdict.arms[0].look
    assert found.verdict.arms[0].effects[0] is not None


def test_each_look_reads_what_was_known_then():
    frame = log_of()
    found = read(frame)
    arm = found.verdict.arms[0]
    first = frame.iloc[: ROWS // 4]
    by_arm = first.groupby("arm")["outcome"]

    assert arm.effects[0].n == tuple(by_arm.size())
    assert arm.effects[0].control[0] == pytest.approx(by_arm.mean()["control"])
    assert arm.times[0] == first["time"].iloc[-1].isoformat() + "Z"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_changes_nothing_but_what_is_said_of_the_clock(seed):
    frame = log_of()
    straight, shuffled = read(frame), read(frame.sample(frac=1, random_state=seed))

    assert codes(shuffled) == ["AB-CLOCK-BACK"]
    assert shuffled.verdict.as_dict()["arms"] == straight.verdict.as_dict()["arms"]


def test_asking_between_looks_gives_the_verdict_of_the_last_look():
    frame = log_of(effect=0.0)
    at, between = read(frame[: ROWS // 2]), read(frame[: ROWS // 2 + 700])

    assert between.verdict.arms[0].as_dict() == at.verdict.arms[0].as_dict()
    assert between.units["treatment"] == (ROWS // 2 + 700, 3 * ROWS // 4)
    assert between.so_far["treatment"].n != at.so_far["treatment"].n


def test_before_the_first_look_nothing_is_decided_but_something_is_known():
    found = read(log_of()[:500])
    so_far = found.so_far["treatment"]

    assert (found.verdict.decision, found.verdict.arms[0].effect) == ("continue", None)
    assert so_far.low < so_far.value < so_far.high
    assert so_far.method == "G, always valid"


def test_what_comes_after_the_horizon_is_named_and_decides_nothing():
    frame = log_of(effect=0.0)
    late = log_of(2_000, effect=0.5, seed=9).assign(
        unit=lambda rows: "late" + rows["unit"], time=lambda rows: rows["time"] + pd.Timedelta("30D")
    )
    found = read(pd.concat([frame, late]))

    assert codes(found) == ["AB-PAST-HORIZON"]
    assert found.verdict.as_dict()["arms"] == read(frame).verdict.as_dict()["arms"]


def test_rows_that_were_delivered_twice_count_once():
    frame = log_of()
    found = read(pd.concat([frame, frame.sample(300, random_state=0)]))

    assert set(codes(found)) == {"AB-DUPLICATE-ROWS", "AB-CLOCK-BACK"}
    assert finding(found, "AB-DUPLICATE-ROWS").evidence == {"rows": 300}
    assert found.verdict.as_dict()["arms"] == read(frame).verdict.as_dict()["arms"]


def test_units_in_two_arms_are_left_out_and_too_many_forbid_reading():
    frame = log_of()
    other = {"control": "treatment", "treatment": "control"}
    few, many = (frame[:count].assign(arm=frame["arm"].map(other), outcome=1) for count in (20, 200))
    found, blocked = read(pd.concat([few, frame])), read(pd.concat([many, frame]))

    assert finding(found, "AB-CONFLICTING-ASSIGNMENT").severity == "warning"
    assert finding(found, "AB-CONFLICTING-ASSIGNMENT").evidence["such_as"] == ["u000000", "u000001", "u000002"]
    assert found.verdict.as_dict()["arms"] == read(frame[20:]).verdict.as_dict()["arms"]
    assert finding(blocked, "AB-CONFLICTING-ASSIGNMENT").severity == "block"
    assert (blocked.verdict.decision, blocked.verdict.arms, blocked.so_far) == ("keep", (), {})


def test_lost_units_of_one_arm_forbid_reading():
    frame = log_of(20_000)
    kept = frame[(frame["arm"] == "control") | (np.arange(20_000) % 10 > 0)]
    found = read(kept)

    assert found.verdict.is_blocked
    assert codes(found) == ["AB-SAMPLE-RATIO"]


def test_outcomes_that_only_one_arm_loses_forbid_reading_though_units_divide_as_planned():
    frame = log_of(20_000)
    lost = (frame["arm"] == "treatment") & (np.arange(20_000) % 8 == 0)
    both = log_of()["outcome"].where(np.arange(ROWS) % 8 > 0)
    found = read(frame.assign(outcome=frame["outcome"].where(~lost)))
    fair = read(log_of().assign(outcome=both))

    assert codes(found) == ["AB-MISSING-OUTCOME", "AB-SAMPLE-RATIO"]
    assert not found.verdict.ratios["treatment"].is_broken
    assert codes(fair) == ["AB-MISSING-OUTCOME"]
    assert finding(fair, "AB-MISSING-OUTCOME").evidence["rows"] == ROWS // 8


@pytest.mark.parametrize(("start", "end"), [(0.3, 1.0), (0.0, 0.6)])
def test_an_arm_that_joins_or_leaves_is_held_against_the_control_of_its_time(start, end):
    """Everybody's outcome drifts upwards: against the whole control, an arm of the late days would look good."""
    rng, rows = np.random.default_rng(4), 30_000
    day = np.sort(rng.random(rows))
    frame = pd.DataFrame({"unit": np.arange(rows), "arm": rng.choice(["control", "blue", "green"], rows), "time": day})
    frame["outcome"] = (rng.random(rows) < 0.1 + 0.4 * day).astype(int)
    frame = frame[(frame["arm"] != "green") | ((day >= start) & (day <= end))]
    design = Design(base=0.3, mde=0.03, looks=1, arms=("control", "blue", "green"))
    found = read(frame, Plan(design, 12_000))
    naive = frame.groupby("arm")["outcome"].mean()

    assert codes(found)[0] == ("AB-ARM-ADDED" if start else "AB-ARM-REMOVED")
    assert abs(naive["green"] - naive["control"]) > 0.04
    assert found.verdict.decision == "keep"
    assert [arm.effect.low < 0 < arm.effect.high for arm in found.verdict.arms] == [True, True]


def test_arms_that_were_never_live_together_are_not_compared():
    frame = log_of().sort_values("arm", kind="stable").drop(columns="time")
    found = read(frame, plan_of(columns=Columns(time=None)))

    assert "AB-NO-OVERLAP" in codes(found)
    assert found.verdict.is_blocked


def test_an_arm_that_nobody_planned_is_left_out_and_one_that_nobody_saw_forbids_reading():
    frame = log_of(arms=("control", "treatment", "secret"))
    found = read(frame, plan_of(2_000))
    lost = read(log_of(arms=("control",)))

    assert codes(found)[0] == "AB-UNPLANNED-ARM"
    assert not found.verdict.is_blocked
    assert codes(lost) == ["AB-MISSING-ARM"]
    with pytest.raises(SettingError, match="arms="):
        read(log_of(arms=("old", "new")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": [7] + [0] * (ROWS - 1)}, r"outcome=outcome holds 7.0 in row 0 .* give sd in the plan"),
        ({"outcome": ["maybe"] * ROWS}, "holds 'maybe' in row 0"),
        ({"time": ["2026-03-01"] * (ROWS - 1) + ["soon"]}, f"such as row {ROWS - 1}.*time=null"),
        ({"time": [None] * ROWS}, "time=time"),
        ({"unit": [""] + ["a"] * (ROWS - 1)}, "unit=unit is empty in 1 rows, such as row 0"),
        ({"arm": [None] + ["control"] * (ROWS - 1)}, "arm=arm is empty"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_with_its_row(change, message):
    with pytest.raises(DataError, match=message):
        read(log_of().assign(**change))


def test_a_column_that_is_not_there_is_named_with_what_is_near():
    with pytest.raises(DataError, match=r"no column 'outcme', for outcome=outcme; did you mean 'outcome'"):
        read(log_of(), plan_of(columns=Columns(outcome="outcme")))
    with pytest.raises(DataError, match="guards=\\[latency"):
        read(log_of(), plan_of(guards=(Guard.parsed("latency:+5%"),)))
    with pytest.raises(DataError, match="no rows"):
        read(log_of()[:0])


def pair_of(frame, plan):
    exposures = read_exposures(pa.Table.from_pandas(frame, preserve_index=False), plan.design)
    return Pair(plan, exposures, "treatment", Span())


def test_rows_of_a_unit_are_one_yes_or_a_total_or_a_ratio():
    frame = pd.DataFrame(
        {
            "unit": ["a", "a", "b", "c", "c"],
            "arm": ["control", "control", "control", "treatment", "treatment"],
            "time": [0, 1, 2, 3, 4],
            "outcome": [0, 1, 0, 1, 1],
            "spent": [2.0, 3.0, 1.0, 4.0, 0.0],
            "visits": [1.0, 1.0, 2.0, 3.0, 1.0],
        }
    )
    shares = pair_of(frame, plan_of(3)).latest().outcome
    totals = pair_of(frame, plan_of(3, base=1.0, sd=1.0, columns=Columns(outcome="spent"))).latest().outcome
    by_visit = plan_of(3, base=1.0, sd=1.0, columns=Columns(outcome="spent", denominator="visits"))

    assert shares == (Counts(2, 1), Counts(1, 1))
    assert totals == (Moments.of({"outcome": [5.0, 1.0]}), Moments.of({"outcome": [4.0]}))
    assert pair_of(frame, by_visit).latest().outcome[0] == Moments.of(
        {"outcome": [5.0, 1.0], "denominator": [2.0, 2.0]}
    )


def test_a_window_counts_what_follows_an_exposure_and_waits_for_it():
    frame = pd.DataFrame(
        {
            "unit": ["a", "b", "a", "b", "c", "a"],
            "arm": ["control", "treatment", "control", "treatment", "control", "control"],
            "time": [0.0, 0.0, 2.0, 6.0, 8.0, 9.0],
            "outcome": [0, 0, 1, 1, 0, 1],
        }
    )
    found = pair_of(frame, plan_of(3, window_days=5.0)).latest()

    assert found.units == 2
    assert found.outcome == (Counts(1, 1), Counts(1, 0))


def test_clusters_are_what_divides_and_what_is_independent():
    rng, clusters, size = np.random.default_rng(5), 400, 12
    arm, level = rng.permutation(np.repeat(["control", "treatment"], clusters // 2)), rng.beta(2, 8, clusters)
    place = np.repeat(np.arange(clusters), size)
    frame = pd.DataFrame({"unit": np.arange(place.size), "arm": arm[place], "time": place, "shop": place})
    frame["outcome"] = (rng.random(place.size) < level[place]).astype(int)
    plan = plan_of(place.size, looks=1, columns=Columns(cluster="shop"))
    found = read(frame, plan)

    assert found.verdict.arms[0].effect.unit == "clusters"
    assert sum(found.verdict.arms[0].effect.n) == clusters
    assert sum(found.verdict.ratios["treatment"].counts.values()) == clusters
    plain = read(frame, plan_of(place.size, looks=1)).verdict.arms[0].effect
    clustered = found.verdict.arms[0].effect
    assert clustered.high - clustered.low > 1.3 * (plain.high - plain.low)


def test_a_cluster_in_two_arms_is_a_conflict_and_a_unit_in_two_clusters_an_error():
    frame = log_of(shop=np.arange(ROWS) // 2)
    found = read(frame, plan_of(columns=Columns(cluster="shop")))

    assert finding(found, "AB-CONFLICTING-ASSIGNMENT").severity == "block"
    assert "cluster=null" in finding(found, "AB-CONFLICTING-ASSIGNMENT").fix
    alone = frame.assign(shop=np.arange(ROWS))
    again = alone.iloc[[0]].assign(shop=ROWS + 1)
    with pytest.raises(DataError, match="unit 'u000000' stands in 2 clusters"):
        read(pd.concat([alone, again]), plan_of(columns=Columns(cluster="shop")))


def test_clusters_of_one_a_group_have_no_interval_and_say_so():
    frame = log_of(200).assign(shop=lambda rows: rows["arm"])
    found = read(frame, plan_of(200, looks=1, columns=Columns(cluster="shop")))

    assert codes(found) == ["AB-TOO-FEW-UNITS"]
    assert found.verdict.as_dict()["arms"][0]["effect"]["low"] is None


def test_a_covariate_narrows_the_interval_and_an_unknown_past_is_told():
    rng = np.random.default_rng(6)
    past = rng.normal(10, 3, ROWS)
    frame = log_of(past=np.where(rng.random(ROWS) < 0.1, np.nan, past), spent=past + rng.normal(0, 1, ROWS))
    said = {"base": 10.0, "sd": 3.0, "mde": 0.3, "looks": 1}
    with_past = read(frame, plan_of(**said, columns=Columns(outcome="spent", covariate="past")))
    without = read(frame, plan_of(**said, columns=Columns(outcome="spent")))
    narrow, wide = (found.verdict.arms[0].effect for found in (with_past, without))

    assert codes(with_past) == ["AB-MISSING-COVARIATE"]
    assert narrow.method == "Welch, CUPED"
    assert (narrow.high - narrow.low) / (wide.high - wide.low) < 0.7
    assert with_past.saved["treatment"] > 0.6


def test_a_covariate_that_changes_within_a_unit_was_not_known_before():
    frame = log_of(past=1.0)
    again = frame.iloc[[5]].assign(past=2.0, time=pd.Timestamp("2026-03-09"))

    with pytest.raises(DataError, match="'u000005' has 2 values of covariate=past"):
        read(pd.concat([frame, again]), plan_of(columns=Columns(covariate="past")))


def test_a_guard_can_be_a_ratio_of_the_totals_of_two_columns():
    """Who comes more often takes more seconds in all, and none the more for a visit."""
    rng = np.random.default_rng(8)
    frame = log_of()
    visits = rng.integers(1, 5, ROWS) + (frame["arm"] == "treatment")
    frame = frame.assign(visits=visits, seconds=visits * rng.normal(10, 1, ROWS))
    guards = tuple(Guard.parsed(text) for text in ("seconds:+5%", "seconds/visits:+5%"))
    found = read(frame, plan_of(guards=guards)).verdict.arms[0].guards
    means = frame.groupby("arm")[["seconds", "visits"]].sum()

    assert [guard.state for guard in found] == ["broken", "kept"]
    assert found[1].effect.method.startswith("Welch, delta method")
    assert found[1].effect.control[0] == pytest.approx((means["seconds"] / means["visits"])["control"], rel=0.01)


def test_empty_cells_of_a_guard_are_told():
    frame = log_of(latency=np.where(np.arange(ROWS) % 100 == 0, np.nan, 50.0 + np.arange(ROWS) % 7))
    found = read(frame, plan_of(guards=(Guard.parsed("latency:+5%"),)))

    assert codes(found) == ["AB-MISSING-OUTCOME"]
    assert finding(found, "AB-MISSING-OUTCOME").message.startswith("guard latency is empty in 40 rows")
    assert found.verdict.arms[0].guards[0].state == "kept"


def test_a_spread_that_was_planned_too_small_is_told_with_the_power_that_is_left():
    rng = np.random.default_rng(7)
    frame = log_of(spent=rng.normal(10, 4, ROWS))
    said = {"base": 10.0, "mde": 0.2, "looks": 1, "columns": Columns(outcome="spent")}
    right, wrong = (read(frame, Plan(Design(**said, sd=sd), ROWS)) for sd in (4.0, 2.0))
    drift = 0.2 / (4 * np.sqrt(4 / ROWS))

    assert codes(right) == codes(wrong) == ["AB-LOW-POWER"]
    power = finding(wrong, "AB-LOW-POWER").evidence["power"]
    assert power == pytest.approx(special.ndtr(drift - 1.96) + special.ndtr(-drift - 1.96), abs=0.02)
    assert codes(read(frame, Plan(Design(**{**said, "mde": 0.5}, sd=4.0), ROWS))) == []


def test_an_open_end_reads_everything_that_is_there():
    found = read(log_of(), plan_of(spending="always_valid"))

    assert found.verdict.decision == "promote"
    assert found.verdict.arms[0].looks is None


def test_a_log_is_read_without_being_changed():
    table = pa.Table.from_pandas(log_of(), preserve_index=False)
    before = table.to_pandas()
    read_out(table, plan_of())

    pd.testing.assert_frame_equal(table.to_pandas(), before)
