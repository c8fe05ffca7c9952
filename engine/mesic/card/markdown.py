"""A card for people, in Markdown."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesic.card.about import OPEN
from mesic.findings import as_override
from mesic.report.words import counted, number, percent

MOST_QUESTIONS = 12
MOST_LEVELS = 8
MOST_PARAMS = 60

Card = Mapping[str, Any]


def markdown(card: Card) -> str:
    """Return a card as Markdown: ten sections, open questions marked."""
    todo = f"{counted(card['todo'], 'question')} open" if card["todo"] else "every question is answered"
    lines = [f"# Data card: {card['name']}", "", f"Bound to the data of digest `{card['data']}`; {todo}.", ""]
    for place, (name, line) in enumerate(card["lines"].items(), 1):
        lines += [f"## {place}. {line['title']}", ""]
        lines += [line["told"], ""] if line["told"] else []
        lines += [*_SAYERS[name](line["known"]), ""]
        lines += [f"- {OPEN}: {question}" for question in line["todo"][:MOST_QUESTIONS]]
        if len(line["todo"]) > MOST_QUESTIONS:
            lines.append(f"- {OPEN}: and {counted(len(line['todo']) - MOST_QUESTIONS, 'more question')} of this kind")
        lines += [""] if line["todo"] else []
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _cell(value: Any) -> str:
    text = "" if value is None else "yes" if value is True else "no" if value is False else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _meaning(known: Card) -> Iterator[str]:
    for name in ("owner", "licence", "url"):
        if known[name]:
            yield f"- {name.capitalize() if name != 'url' else 'At home at'}: {known[name]}"


def _collection(known: Card) -> Iterator[str]:
    yield f"- Read by source `{known['source']}` from `{known['path']}` at {known['read']}"
    yield f"- Digest of what was read: `{known['digest']}`; reading again must give the same"


def _creation(known: Card) -> Iterator[str]:
    agreement = known.get("agreement")
    if agreement:
        yield f"Labels of {counted(len(agreement['labelers']), 'labeler')}, made one by {agreement['aggregation']}:"
        yield ""
        rows = [[one["labeler"], one["labels"], number(one["accuracy"])] for one in agreement["labelers"]]
        yield from _table(["labeler", "labels", "agrees with the consensus"], rows)
        yield ""
        for name in ("kappa", "alpha"):
            score = agreement[name]
            yield f"- {name}: {number(score['value'])} ({number(score['low'])} to {number(score['high'])})"


def _splits(known: Card) -> Iterator[str]:
    again = known["again"]
    yield f"`splitter={known['splitter']}` divides by {known['by']} ({known['mode']}); digest `{known['digest']}`."
    yield ""
    parts = known["rows"]
    labels = list(known["classes"].get("train") or {})
    rows = [[part, count, *_shares(known["classes"].get(part) or {}, labels)] for part, count in parts.items()]
    yield from _table(["part", "rows", *labels], rows)
    yield ""
    if known["folds"]:
        sizes = ", ".join(f"{fold['train']:,} + {fold['validate']:,}" for fold in known["folds"])
        yield f"- Folds, rows to fit on and to validate on: {sizes}"
    facts = {**known["place"], **{k: v for k, v in known["facts"].items() if v is not None}}
    yield from (f"- {name.replace('_', ' ')}: {value}" for name, value in facts.items())
    held = [law.replace("_", " ") for law, holds in known["proof"].items() if holds]
    yield f"- Proved: {', '.join(held)}"
    said = [f"{kind}={again[kind]['name']}" for kind in ("source", "splitter")]
    said += [
        f"{kind}.{name}={as_override(value)}"
        for kind in ("source", "splitter")
        for name, value in again[kind].items()
        if name != "name" and value not in (None, [])
    ]
    command = shlex.join([*said, f"seed={again['seed']}"])
    yield f"- The same parts again: `mesic data check {command} 'auditor=[]'`"


def _shares(counts: Mapping[str, int], labels: Sequence[str]) -> list[str]:
    total = sum(counts.values())
    return [f"{counts.get(label, 0):,} ({percent(counts.get(label, 0) / total)})" if total else "" for label in labels]


def _preprocessing(known: Card) -> Iterator[str]:
    sample = known["sample"]
    if sample:
        yield f"- `sampler={sample['sampler']}` shows the learner {sample['rows']:,} of {sample['of']:,} training rows"
    if not known["steps"]:
        yield "- Nothing was fitted: the record is that of a check"
    for place, step in enumerate(known["steps"], 1):
        params = ", ".join(f"{name} {_short(value)}" for name, value in step.get("params", {}).items())
        yield f"{place}. `{step['name']}`, digest `{step['digest'][:12]}`" + (f": {params}" if params else "")


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"of {counted(len(value), 'entry', 'entries')}"
    text = str(value)
    return text if len(text) <= MOST_PARAMS else text[:MOST_PARAMS] + "…"


def _excluded(known: Card) -> Iterator[str]:
    yield f"- {known['rows_read']:,} rows read, {known['rows_used']:,} used"
    yield from (f"- {one['rows']:,} rows: {one['why']}" for one in known["rows_excluded"])
    yield from (
        f"- {one['cells']:,} cells of `{one['column']}` {one['what']}: {one['why']}"
        for one in known["cells_set_missing"]
    )
    yield from (f"- column `{name}`: {why}" for name, why in known["columns"].items())
    if known["before"] is not None:
        yield from (f"- before the table was made: {one['what']}: {one['why']}" for one in known["before"])
        if not known["before"]:
            yield "- Nothing was left out before the table was made"


def _storage(known: Card) -> Iterator[str]:
    yield from (
        f"- {name}: {f'{value:,}' if isinstance(value, int) else f'`{value}`'}" for name, value in known.items()
    )


def _attributes(known: Card) -> Iterator[str]:
    rows = [
        [c["name"], c["kind"], c["role"], c["description"], c.get("unit"), _values(c), c.get("missing"), c["sensitive"]]
        for c in known["columns"]
    ]
    yield from _table(["column", "kind", "part", "meaning", "unit", "values", "missing", "sensitive"], rows)


def _values(column: Card) -> str:
    if column.get("levels"):
        shown = ", ".join(map(str, column["levels"][:MOST_LEVELS]))
        return shown + (", …" if len(column["levels"]) > MOST_LEVELS else "")
    if column.get("low") is None:
        return f"{counted(column['distinct'], 'value')}" if column.get("distinct") else ""
    return f"{number(column['low'])} to {number(column['high'])}"


def _examples(known: Card) -> Iterator[str]:
    yield f"{counted(known['rows'], 'row')}; of these, by part:"
    yield ""
    labels = list(known["classes"].get("train") or {})
    rows = [
        [part, n, *(known["classes"].get(part, {}).get(label, 0) for label in labels)]
        for part, n in known["parts"].items()
    ]
    yield from _table(["part", "rows", *labels], rows)


def _labels(known: Card) -> Iterator[str]:
    yield f"Target `{known['target']}`, a {known['task']} task" + (f", in {known['unit']}" if known.get("unit") else "")
    yield ""
    if "values" in known:
        yield f"- Values: {', '.join(f'`{value}`' for value in known['values'])}"
        yield from ([f"- The class that is looked for: `{known['positive']}`"] if known.get("positive") else [])
    else:
        yield f"- Seen: {number(known['seen'][0])} to {number(known['seen'][1])}"
        allowed = known.get("allowed")
        yield f"- Allowed: {allowed[0]} to {allowed[1]}" if allowed else "- No range is declared in schema.yaml"


_SAYERS = {
    "meaning": _meaning,
    "collection": _collection,
    "creation": _creation,
    "splits": _splits,
    "preprocessing": _preprocessing,
    "excluded": _excluded,
    "storage": _storage,
    "attributes": _attributes,
    "examples": _examples,
    "labels": _labels,
}
