"""A review fails closed: what breaks blocks and is named; waivers need a name, a reason, a day; all is logged."""

import json
import shutil
from datetime import date

import pytest

from mesic import ConfigError, DataError, Objection, UsageError, hookimpl, load_bundle, review
from mesic.host.registry import BrokenPlugin, Provider, Registry, build_manager
from mesic.reviewing.audit_log import log_of, read_log
from mesic.reviewing.policies import REQUIRABLE, is_said, load_policy, policy_in_force
from mesic.reviewing.telling import review_lines
from mesic.reviewing.waivers import waiver_problems

TODAY = date(2026, 6, 1)
WAIVER = {"code": "RISK", "who": "ada", "reason": "known and small", "until": "2026-06-01"}


class Gate:
    """A plugin with a gate that says what it was given."""

    def __init__(self, *says):
        self.says = says

    @hookimpl
    def review_deployment(self, bundle, target, evidence):
        for one in self.says:
            if isinstance(one, Exception):
                raise one
            yield one


def registry_of(**gates):
    manager = build_manager()
    for name, gate in gates.items():
        manager.register(gate, name)
    return Registry(manager, {})


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, finished_run):
    """A bundle away from its run, which nobody else reviews."""
    folder = tmp_path_factory.mktemp("away") / "bundle"
    shutil.copytree(finished_run / "bundle", folder)
    return load_bundle(folder)


def reviewed(bundle, *says, waivers=(), **policy):
    given = {"waivers": list(waivers), **policy}
    return review(bundle, "the shop", policy=given, today=TODAY, registry=registry_of(gate=Gate(*says)))


def test_what_blocks_stops_a_deployment_and_a_warning_does_not(bundle):
    risk, doubt = Objection("RISK", "it may fail", "age"), Objection("DOUBT", "not sure", severity="warning")
    found = reviewed(bundle, risk, doubt)

    assert not found.is_allowed
    assert [(one.code, one.gate) for one in found.blocking] == [("RISK", "gate")]
    assert [one.code for one in found.warnings] == ["DOUBT"]
    assert reviewed(bundle, doubt).is_allowed


def test_a_waiver_holds_until_its_last_day_and_for_its_subject(bundle):
    risk = Objection("RISK", "it may fail", "age")
    held = reviewed(bundle, risk, waivers=[WAIVER])
    of_another = reviewed(bundle, risk, waivers=[WAIVER | {"subject": "income"}])
    expired = reviewed(bundle, risk, waivers=[WAIVER | {"until": "2026-05-31"}])

    assert held.is_allowed
    assert [(objection.code, waiver.who) for objection, waiver in held.waived] == [("RISK", "ada")]
    assert not of_another.is_allowed
    assert "is not needed" in of_another.notes[0]
    assert not expired.is_allowed
    assert "by ada expired on 2026-05-31: it is refused" in expired.notes[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"who": ""}, "of RISK lacks who"),
        ({"who": "  "}, "of RISK lacks who"),
        ({"reason": None}, "lacks reason"),
        ({"until": "soon"}, "until='soon' is no day: give YYYY-MM-DD"),
        ({"until": None}, "lacks until"),
        ({"code": ""}, "policy.waivers[0] lacks code"),
        ({"untill": "x"}, "has no key 'untill'; did you mean 'until'?"),
    ],
)
def test_an_unnamed_or_endless_waiver_is_refused(bundle, change, said):
    with pytest.raises(ConfigError, match=r"waivers\[0\]") as refused:
        reviewed(bundle, waivers=[WAIVER | change])

    assert said in str(refused.value)
    assert list(waiver_problems("all")) == [
        "policy.waivers='all' cannot work: give a list of {code, who, reason, until}"
    ]


@pytest.mark.parametrize("broken", [RuntimeError("out of order"), "no objection"])
def test_a_gate_that_breaks_blocks_and_is_named_and_what_it_said_before_counts(bundle, broken):
    found = reviewed(bundle, Objection("RISK", "it may fail"), broken)

    assert [one.code for one in found.blocking] == ["RISK", "GATE-BROKEN"]
    assert found.blocking[1].subject == "gate"
    assert "the gate of plugin 'gate' broke" in found.blocking[1].message


def test_others_are_asked_when_one_gate_breaks(bundle):
    gates = registry_of(first=Gate(ValueError("x")), second=Gate(Objection("RISK", "it may fail")))
    found = review(bundle, today=TODAY, registry=gates)

    assert {one.code for one in found.blocking} == {"GATE-BROKEN", "RISK"}
    assert set(found.gates) == {"first", "second"}


def test_a_plugin_that_cannot_be_loaded_blocks_and_so_does_no_gate_at_all(bundle):
    lost = Provider("acme", "acme.gates", "acme-ml", "1.0")
    registry = Registry(build_manager(), {}, [BrokenPlugin(lost, "ImportError: no acme")])
    found = review(bundle, today=TODAY, registry=registry)

    assert [(one.code, one.subject) for one in found.blocking] == [("GATE-BROKEN", "acme"), ("NO-GATE", "")]


def test_each_review_is_a_line_that_holds_the_one_before_it(bundle):
    before = len(read_log(log_of(bundle.folder)))
    risk = Objection("RISK", "it may fail")
    reviewed(bundle, risk)
    reviewed(bundle, risk, waivers=[WAIVER])
    refused, allowed = read_log(log_of(bundle.folder))[before:]

    assert (refused["verdict"], allowed["verdict"]) == ("blocked", "allowed")
    assert refused["blocking"][0]["code"] == "RISK"
    assert allowed["waived"][0]["waiver"] == WAIVER | {"subject": ""}
    assert (allowed["target"], allowed["bundle"]) == ("the shop", bundle.digest)
    assert {"time", "who", "before"} <= allowed.keys()
    assert load_bundle(bundle.folder).digest == bundle.digest


@pytest.mark.parametrize("harm", ["change", "remove", "swap"])
def test_a_log_that_was_altered_is_refused(tmp_path, bundle, harm):
    shutil.copytree(bundle.folder, tmp_path / "bundle")
    copied = load_bundle(tmp_path / "bundle")
    for _ in range(3):
        reviewed(copied, Objection("RISK", "it may fail"))
    path = log_of(copied.folder)
    lines = path.read_text().splitlines(keepends=True)
    changed = {
        "change": [lines[0].replace("blocked", "allowed"), *lines[1:]],
        "remove": lines[1:],
        "swap": [lines[1], lines[0], lines[2]],
    }[harm]
    path.write_text("".join(changed))

    with pytest.raises(DataError, match=r"audit.jsonl was altered: line \d does not follow"):
        reviewed(copied)


def test_a_review_that_cannot_be_logged_did_not_happen(tmp_path, bundle):
    shutil.copytree(bundle.folder, tmp_path / "bundle")
    (tmp_path / "audit.jsonl").mkdir()

    with pytest.raises(UsageError, match="the review cannot be written to"):
        reviewed(load_bundle(tmp_path / "bundle"))


def test_what_a_terminal_shows_says_who_waived_what(bundle):
    risk = Objection("RISK", "it may fail", fix="look again")
    refused = "\n".join(review_lines(reviewed(bundle, risk)))
    allowed = "\n".join(review_lines(reviewed(bundle, risk, waivers=[WAIVER])))

    assert (
        "a deployment is refused: 1 to mend or to waive\n  block  RISK: it may fail\n         -> look again" in refused
    )
    assert "{code: RISK, who: NAME, reason: WHY, until: YYYY-MM-DD}" in refused
    assert "waived by ada until 2026-06-01: known and small" in allowed


def test_a_policy_file_changes_what_the_run_said_and_days_are_text(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(
        "approver: grace\nexpires: 2027-01-31\nwaivers:\n  - {code: A, who: x, reason: y, until: 2027-01-01}\n"
    )
    said = load_policy(path)
    found = policy_in_force({"approver": "ada", "author": "ada"}, said)

    assert (found["approver"], found["author"], found["expires"]) == ("grace", "ada", "2027-01-31")
    assert found["waivers"][0]["until"] == "2027-01-01"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aprover: x", "no key 'policy.aprover'; did you mean 'policy.approver'?"),
        ("expires: never", "policy.expires='never' is no day"),
        ("require: [licens]", "names no answer 'licens'"),
        ("- 1", "says nothing"),
        ("{", "cannot be read"),
    ],
)
def test_a_policy_file_that_cannot_work_is_refused(tmp_path, text, said):
    (tmp_path / "policy.yaml").write_text(text)

    with pytest.raises(UsageError) as refused:
        load_policy(tmp_path / "policy.yaml")

    assert said in str(refused.value)


def test_every_answer_can_be_asked_for():
    nothing = policy_in_force({}, {})

    assert [name for name in REQUIRABLE if is_said(nothing, name)] == []
    assert all(is_said({name: ["x"]}, name) for name in REQUIRABLE)


def test_a_bundle_brings_its_card_and_its_findings_with_it(bundle):
    card = json.loads((bundle.folder / "card.json").read_text())

    assert {"scores", "skill", "findings", "data", "zone", "test_part"} <= card.keys()
    assert "uses" not in card["test_part"]
