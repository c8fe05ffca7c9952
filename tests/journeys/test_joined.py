"""A run on joined tables: what was lost is said, what is stamped later is no feature."""

import json

import numpy as np
import pandas as pd


def write_trips(folder, rows=600):
    """Trips, and readings that are stamped an hour after half of the trips."""
    rng = np.random.default_rng(0)
    asked = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), "h")
    delay = rng.normal(size=rows)
    trips = pd.DataFrame({"trip": [f"t{n:04d}" for n in range(rows)], "asked": asked, "km": rng.normal(size=rows)})
    trips.assign(delay=delay + trips["km"]).to_csv(folder / "trips.csv", index=False)
    stamped = asked + pd.to_timedelta(np.where(rng.random(rows) < 0.5, 1, -1), "h")
    readings = pd.DataFrame({"trip": trips["trip"], "stamped": stamped, "reading": delay})
    readings.drop(index=rng.choice(rows, rows // 100, replace=False)).to_csv(folder / "readings.csv", index=False)


SAID = ("source=joined", "source.path=trips.csv", "source.target=delay", "source.time=asked", "learner=tree")


def test_what_is_stamped_later_is_a_leak_and_as_of_mends_it(mesic):
    write_trips(mesic.folder)
    plain, as_of = "{path: readings.csv, on: trip}", "{path: readings.csv, on: trip, as_of: stamped, at: asked}"
    leak = mesic("run", *SAID, f"source.joins=[{plain}]", "tuner=single", "policy.leak=strict", "auditor=[late_times]")
    mended = mesic("run", *SAID, f"source.joins=[{as_of}]", "tuner=single", "policy.leak=strict", "out=r",
                   "auditor=[late_times]", "--json")  # fmt: skip
    record = json.loads((mesic.folder / "r" / "record.json").read_text())
    found = {finding["code"]: finding for finding in record["findings"]}
    again = mesic("reproduce", "run=r")

    assert leak.status == 1
    assert "LEAK-TIME: columns of times are later than source.time" in leak.err
    assert "'stamped'" in leak.err
    assert mended.status == 0, mended.err
    assert found["JOIN-LOSS"]["evidence"]["without_partner"] == 6
    assert 200 < found["JOIN-LATE"]["evidence"]["known_later"] < 400
    assert "LEAK-TIME" not in found
    assert record["data"]["rows"] == 600
    assert (again.status, again.out.split(":")[0]) == (0, "identical")


def test_a_wrong_join_is_found_before_any_work(mesic):
    write_trips(mesic.folder)
    done = mesic("run", *SAID, "source.joins=[{path: readings.csv, on: tripp}]", "out=r")
    doubled = pd.read_csv(mesic.folder / "readings.csv")
    pd.concat([doubled, doubled[:10]]).to_csv(mesic.folder / "readings.csv", index=False)
    twice = mesic("data", "check", *SAID, "source.joins=[{path: readings.csv, on: trip}]", "out=c", "auditor=[]")

    assert (done.status, twice.status) == (2, 3)
    assert "source.joins[0].on='tripp' cannot work: give one of trip, asked, km, delay" in done.err
    assert "10 keys, such as " in twice.err
    assert "stand in several rows of readings.csv: each must name one (n:1)" in twice.err
    assert "6 of 600 rows (1.0%) have no partner there" in twice.err
    assert not (mesic.folder / "r").exists()
