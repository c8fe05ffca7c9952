"""The model card: what the model is, who answers for it, what it learned from, how good it is, what limits it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesic.documents.document import (
    NOT_MEASURED,
    NOT_SAID,
    Block,
    Bullets,
    Document,
    Number,
    Section,
    Table,
    Text,
    count,
    facts,
    name,
    said,
    score_pieces,
    text,
)
from mesic.findings import as_override
from mesic.report.abstaining_words import chosen_text, selective_of, share_text
from mesic.report.decision_words import decision_texts
from mesic.report.held_out import rough
from mesic.report.words import counted, known, metric_name, number, skill_text

Record = Mapping[str, Any]

FORMAT = 1
KEYS = (
    "config_digest", "versions", "platform", "code", "seeds", "data", "primary", "partition", "sample", "trials",
    "model", "scores", "baselines", "skill", "findings", "evaluations",
)  # fmt: skip
OF_ZONE = ("loss", "best", "chosen", "reason", "members", "taken", "edges", "complexity", "complexity_edges", "rule")
OF_TEST_PART = ("digest", "rows", "adequacy")
CHANGING = {"replay", "progress"}  # how a search went, in full, and how long it took
LONG = {"curves"}
OF_ABSTAINING = (
    "loss",
    "ranked_by",
    "cuts_from",
    "points",
    "area",
    "area_of_chance",
    "area_of_hindsight",
    "saved",
    "chosen",
)
CARD_COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
PEOPLE = ("author", "approver", "grounds", "privacy_reviewer", "security_reviewer")
MOST_OPTIONS = 60


def card_facts(record: Record, *, evaluations: bool = False) -> dict[str, Any]:
    """Return what a bundle's ``card.json`` holds: the record's own keys, without what differs from run to run.

    Parameters
    ----------
    record
        Of a run.
    evaluations
        Whether what evaluators answered is among it; it may be long.
    """
    kept = {key: record[key] for key in KEYS if key in record and (evaluations or key != "evaluations")}
    zone, part, config = (record.get(key) or {} for key in ("zone", "test_part", "config"))
    own = {
        "zone": {key: zone[key] for key in OF_ZONE if key in zone},
        "test_part": {key: part[key] for key in OF_TEST_PART if key in part},
        **_decision(record),
        **({} if evaluations else _abstaining(record)),
        "config": {key: config[key] for key in ("policy", "interval", "seed") if key in config},
    }
    if "trials" in kept:
        kept["trials"] = {key: value for key, value in kept["trials"].items() if key not in CHANGING}
    return {"format": FORMAT, **kept, **own}


def _decision(record: Record) -> dict[str, Any]:
    decision = record.get("decision")
    return {"decision": {key: value for key, value in decision.items() if key not in LONG}} if decision else {}


def _abstaining(record: Record) -> dict[str, Any]:
    """Return what the card says of abstaining, where the record has it."""
    found = selective_of(record)
    return {"evaluations": {"selective": {key: found[key] for key in OF_ABSTAINING if key in found}}} if found else {}


def model_card(record: Record, policy: Mapping[str, Any]) -> Document:
    """Return the card of a model.

    Parameters
    ----------
    record
        Of its run, or what :func:`card_facts` keeps of it.
    policy
        What people say: author, approver, licence, waivers, ...
    """
    target = (record.get("data") or {}).get("target")
    started = str((record.get("run") or {}).get("started") or "")[:10]
    made = f"Made by mesic {(record.get('versions') or {}).get('mesic') or ''} from the record alone."
    kicker = text("Model card", f" · {started}" if started else None)
    return Document(f"{target or 'A model'}", kicker, tuple(card_sections(record, policy)), text(made))


def card_sections(record: Record, policy: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the sections of a card."""
    makers = (
        ("What it is", _description), ("What it is for", _uses), ("Who answers for it", _people),
        ("What it learned from", _data), ("How it was made", _training), ("How good it is", _evaluation),
        ("How it decides", _decides), ("The test part", held_out), ("What limits it", _limits), ("Waivers", _waivers),
        ("Where it was made", _place),
        ("How to start", _start),
    )  # fmt: skip
    for title, make in makers:
        if blocks := tuple(make(record, policy)):
            yield Section(title, blocks)


def _description(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001 - all sections are asked alike
    data, model = record.get("data") or {}, record.get("model") or {}
    classes = data.get("classes") or []
    labels = ", ".join(name(label) for label in classes[:MOST_OPTIONS])
    what = text(
        "Predicts ", name(data.get("target")), f" ({labels})" if classes else None, f", a {data.get('task')} task"
    )
    summary = f" ({model['summary']})" if model.get("summary") else ""
    yield said(*what, f", with {model.get('learner') or 'a model that the record does not hold'}{summary}.")
    yield said(skill_text(record))


def _uses(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    allowed, forbidden = policy.get("allowed_uses") or [], policy.get("forbidden_uses") or []
    yield facts(
        {
            "Meant for": "; ".join(allowed),
            "Not to be used for": "; ".join(forbidden),
            "The card holds until": policy.get("expires"),
            "Rows and model are kept": policy.get("retention"),
        }
    )


def _people(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    names = ("Made by", "Approved by", "On the grounds", "Privacy reviewed by", "Security reviewed by")
    yield facts({label: policy.get(key) for label, key in zip(names, PEOPLE, strict=True)})


def _data(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:
    data, parts = record.get("data") or {}, (record.get("partition") or {}).get("rows") or {}
    sensitive, used = sensitive_columns(record, policy)
    yield facts(
        {
            "Source": text(f"{data.get('source')}: ", name(data.get("path"))),
            "Licence": policy.get("licence"),
            "Collected for": policy.get("purpose"),
            "Rows": text(count(data.get("rows"), "data.rows")),
            "of these to learn from": text(count(parts.get("train"), "partition.rows.train")),
            "of these for one look at the end": text(count(parts.get("test"), "partition.rows.test")),
            "Digest of the rows": data.get("digest"),
            "Sensitive columns": _listed(sensitive, policy),
            "Sensitive columns that it reads": _listed(used, policy),
        }
    )
    names = (record.get("model") or {}).get("columns") or []
    if names:
        shown = ", ".join(name(one) for one in names[:MOST_OPTIONS])
        more = f", and {len(names) - MOST_OPTIONS} more" if len(names) > MOST_OPTIONS else ""
        yield said(f"It reads {counted(len(names), 'column')}: ", name(shown) if len(names) == 1 else shown, more)


def _listed(names: Sequence[str], policy: Mapping[str, Any]) -> str:
    if names:
        return ", ".join(names)
    return "none" if policy.get("sensitive") is not None else "none is declared"


def sensitive_columns(record: Record, policy: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the columns that are declared sensitive, and those of them that the model reads."""
    columns = (record.get("data") or {}).get("columns") or []
    declared = {column["name"] for column in columns if column.get("sensitive")} | set(policy.get("sensitive") or ())
    read = set((record.get("model") or {}).get("columns") or ())
    return sorted(declared), sorted(declared & read)


def _training(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    model, zone, trials = (record.get(key) or {} for key in ("model", "zone", "trials"))
    size = model.get("complexity")
    tried = count(trials.get("tried"), "trials.tried")
    inside = Number(f"{len(zone['members']):,}", "zone.members", "how many") if "members" in zone else NOT_MEASURED
    ends = zone.get("complexity_edges")
    yield facts(
        {
            "Chosen because": model.get("why"),
            "Size": text(Number(number(size[0]), "model.complexity[0]"), f" {size[1]}") if size else NOT_MEASURED,
            "Settings tried": text(tried),
            "that cannot be told from the best (the zone of solutions)": text(inside),
            "Sizes in the zone": _ends(ends),
            "Steps": ", ".join(step["name"] for step in model.get("steps") or []),
            "Seed": text(count((record.get("seeds") or {}).get("seed"), "seeds.seed")),
        }
    )
    options = list((model.get("options") or {}).items())
    rows = tuple((text(option), text(as_override(value))) for option, value in options[:MOST_OPTIONS])
    if rows:
        yield Table(("option", "value"), rows)


def _ends(ends: Any) -> Text:
    if not isinstance(ends, Sequence) or len(ends) != 2 or any(known(end) is None for end in ends):
        return text(NOT_MEASURED)
    low, high = (Number(number(end), f"zone.complexity_edges[{place}]") for place, end in enumerate(ends))
    return text(low, " to ", high)


def _evaluation(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    own = (record.get("scores") or {}).get("test") or []
    if not own:
        yield said(NOT_MEASURED)
        return
    others = record.get("baselines") or []
    head = ("on test rows", "the model", *(str(one.get("name")) for one in others))
    rows = []
    for place, score in enumerate(own):
        cells = [score_pieces(score, f"scores.test[{place}]")]
        cells += [_score_of(one, score.get("metric"), f"baselines[{n}].test") for n, one in enumerate(others)]
        rows.append((text(metric_name(score.get("metric"))), *cells))
    yield Table(head, tuple(rows))
    yield said(_method(own), tone="soft")


def _method(own: Sequence[Mapping[str, Any]]) -> str:
    by: dict[str, list[str]] = {}
    for score in own:
        by.setdefault(str(score.get("method") or "an unnamed method"), []).append(metric_name(score.get("metric")))
    unit, level = own[0].get("unit") or "rows", known(own[0].get("level")) or 0.95
    how = "; ".join(f"{method} for {', '.join(names)}" for method, names in by.items())
    return f"In brackets: intervals of level {level:g} over {unit}: {how}."


def _decides(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    for sentence in decision_texts(record):
        yield said(sentence)
    facts_of = selective_of(record)
    if facts_of:
        yield said(chosen_text(facts_of))
        yield _risks(facts_of)


def _risks(selective: Mapping[str, Any]) -> Table:
    """Return what answers lose that are left when the least sure ones are not given, on test rows."""
    head = ("when it answers the surest", f"{selective.get('loss')} of these", "of test rows that are answered")
    path = "evaluations.selective"
    told = [
        (share_text(one.get("wanted")), one, f"{path}.points[{place}]")
        for place, one in enumerate(selective.get("points") or [])
        if one.get("wanted") in CARD_COVERAGES
    ]
    chosen = (selective.get("chosen") or {}).get("test")
    told += [("as chosen", chosen, f"{path}.chosen.test")] if chosen else []
    rows = [
        (text(name_of), *(score_pieces(one[key], f"{where}.{key}") for key in ("risk", "coverage")))
        for name_of, one, where in told
    ]
    return Table(head, tuple(rows))


def _score_of(baseline: Mapping[str, Any], metric: Any, path: str) -> Text:
    for place, score in enumerate(baseline.get("test") or []):
        if score.get("metric") == metric:
            return score_pieces(score, f"{path}[{place}]")
    return text(NOT_MEASURED)


def held_out(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    """Yield what is known of the test part: how often it was used, and what it can show."""
    facts_of, rows = record.get("test_part") or {}, {}
    rows["Digest of its rows"] = facts_of.get("digest")
    if "uses" in facts_of:
        rows["Runs that used it, this one counted"] = text(count(facts_of["uses"], "test_part.uses"))
        rows["Models that it has judged"] = text(count(facts_of["answers"], "test_part.answers"))
        rows["By how much the best of them flatters, at most"] = _bound(facts_of.get("optimism") or {})
    else:
        rows["How often it was used"] = "`mesic check bundle=` says it; it changes after the bundle is sealed"
    rows["Share of the best baseline's loss that it can show to be saved"] = _detectable(facts_of.get("adequacy") or {})
    yield facts(rows)


def _bound(bound: Mapping[str, Any]) -> Text:
    if bound.get("bound") is None:
        return text(NOT_MEASURED)
    once = Number(rough(bound["bound"]), "test_part.optimism.bound")
    after = Number(rough(bound["after_looking"]), "test_part.optimism.after_looking")
    metric = metric_name(bound.get("metric"))
    return text(once, f" of {metric}; ", after, " if each was made after looking at the scores before it")


def _detectable(enough: Mapping[str, Any]) -> Text:
    if enough.get("detectable") is None:
        return text(NOT_MEASURED)
    found = Number(rough(enough["detectable"]), "test_part.adequacy.detectable")
    parts: list[Any] = [found, f" with a power of 0.8 ({enough.get('unit')}, against {enough.get('against')})"]
    if enough.get("power") is not None:
        asked = Number(rough(enough["difference"]), "test_part.adequacy.difference")
        parts += ["; asked for ", asked, ", power ", Number(rough(enough["power"]), "test_part.adequacy.power")]
    return text(*parts)


def _limits(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    listed = record.get("findings")
    if not listed:
        yield said("Nothing was found." if listed == [] else NOT_MEASURED)
        return
    order = {"block": 0, "warning": 1, "info": 2}
    items = []
    for finding in sorted(listed, key=lambda one: order.get(one.get("severity"), 3)):
        accepted = f" Accepted: {finding['accepted']}" if finding.get("accepted") else ""
        items.append(
            text(name(finding.get("code")), f" ({finding.get('severity')}): {finding.get('message')}{accepted}")
        )
    yield Bullets(tuple(items))


def _waivers(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    listed = policy.get("waivers") or []
    if not listed:
        yield said("Nothing was waived.")
        return
    yield waiver_table(listed)


def waiver_table(listed: Sequence[Mapping[str, Any]]) -> Table:
    """Return waivers: of what, by whom, why, until when."""
    rows = [
        tuple(text(str(one.get(key) or "")) for key in ("code", "subject", "who", "reason", "until")) for one in listed
    ]
    return Table(("waived", "about", "by", "because", "until"), tuple(rows))


def _place(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    machine = record.get("platform") or {}
    yield facts(
        {
            "Machine": " ".join(str(machine[key]) for key in ("system", "machine") if machine.get(key)) or NOT_SAID,
            "Versions": ", ".join(f"{key} {value}" for key, value in (record.get("versions") or {}).items()),
            "Digest of the configuration": record.get("config_digest"),
            "Digests of the code": ", ".join(
                f"{key} {digest[:12]}" for key, digest in (record.get("code") or {}).items()
            ),
        }
    )


def _start(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:  # noqa: ARG001
    yield said("mesic predict bundle=BUNDLE input=TABLE output=ANSWERS answers; mesic check bundle=BUNDLE reviews it.")
