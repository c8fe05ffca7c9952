"""The server's description in OpenAPI 3.1, made from the schema of the bundle."""

from typing import Any

from mesic.data.rules import expected
from mesic.data.schema import Column
from mesic.serving.release import Release

Node = dict[str, Any]
KINDS: dict[str, list[str]] = {  # the usual one first
    "number": ["number", "string", "boolean"],
    "boolean": ["boolean", "number", "string"],
    "time": ["string", "number", "boolean"],
}
MOST_LEVELS = 200
REQUEST_ID: Node = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "the caller's id of the request, under which it is logged",
    "schema": {"type": "string", "maxLength": 128},
}
REFUSALS = {
    "400": "no HTTP, or no JSON",
    "401": "no token, or a wrong one",
    "405": "another method is asked for",
    "408": "the request did not arrive in time",
    "413": "too many bytes or rows",
    "414": "the target is too long",
    "415": "no application/json",
    "422": "fields that the schema refuses; each is named, with what is expected",
    "429": "too many requests of this caller (Retry-After says when to ask again)",
    "431": "the header is too large",
    "500": "the server failed, or the model has no number for an answer",
    "503": "busy (Retry-After says when to ask again), not ready, or expired",
}


def description(release: Release, *, has_token: bool, is_logged: bool = False, takes_outcomes: bool = False) -> Node:
    """Return the OpenAPI document of a server that answers with a release, and perhaps hears what came of answers."""
    bundle = release.bundle
    rows = {"type": "array", "items": _ref("Row")}
    several = {"type": "object", "properties": {"rows": rows}, "required": ["rows"], "additionalProperties": False}
    document: Node = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{bundle.manifest['target']}: a {bundle.manifest['task']} model",
            "version": release.version,
            "description": f"Bundle {release.digest}, served by mesic.",
        },
        "paths": {
            "/predict": {"post": _predict(is_logged=is_logged)},
            "/health": _get("the process is alive", is_open=True),
            "/ready": _get("the bundle is verified and in use", is_open=True),
            "/model": _get("what is known of the bundle"),
            "/metrics": _get("counters, in Prometheus' text format", kind="text/plain"),
            "/reload": {"post": {"summary": "take the bundle into use that lies there now", "responses": _reloaded()}},
        },
        "components": {
            "schemas": {
                "Row": _row(release),
                "Rows": several,
                "Answer": {"type": "object", "properties": _answer(release), "required": list(_answer(release))},
                "Answers": _answers(),
                "Error": _error(),
            },
        },
    }
    if takes_outcomes:
        document["paths"]["/outcome"] = {"post": _outcome()}
    if has_token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Node) -> Node:
    return {"application/json": {"schema": schema}}


def _get(summary: str, *, is_open: bool = False, kind: str = "application/json") -> Node:
    told = {"200": {"description": summary, "content": {kind: {}}}}
    refused = {code: _refusal(code) for code in REFUSALS if code not in ("400", "415", "422") and not is_open}
    opened = {"security": [], "responses": told | {code: _refusal(code) for code in ("405", "414", "431", "503")}}
    return {"get": {"summary": summary, **(opened if is_open else {"responses": told | refused})}}


def _reloaded() -> Node:
    refused = {"403": "only SIGHUP reloads, without token=", "409": "the bundle in use stays, and why"}
    return _responses({}) | {
        code: {"description": words, "content": _json(_ref("Error"))} for code, words in refused.items()
    }


def _answers() -> Node:
    said = {"predictions": {"type": "array", "items": _ref("Answer")}}
    return {"type": "object", "properties": said, "required": ["predictions"]}


def _refusal(code: str) -> Node:
    return {"description": REFUSALS[code], "content": _json(_ref("Error"))}


def _responses(schema: Node) -> Node:
    return {"200": {"description": "done", "content": _json(schema)}} | {code: _refusal(code) for code in REFUSALS}


def _predict(*, is_logged: bool) -> Node:
    extras = {
        "why": "which fields the answer hangs on; of one row only, else 400",
        "intervals": "what holds the target, as promised",
    }
    flag = {"in": "query", "schema": {"type": "boolean"}}
    given = [REQUEST_ID] if is_logged else []
    return {
        "summary": "a decision for one row, or for each of several",
        "parameters": [*({"name": name, "description": words, **flag} for name, words in extras.items()), *given],
        "requestBody": {"required": True, "content": _json({"oneOf": [_ref("Row"), _ref("Rows")]})},
        "responses": _responses({"oneOf": [_ref("Answer"), _ref("Answers")]}),
    }


def _outcome() -> Node:
    label: Node = {"type": ["string", "number", "boolean"], "description": "what turned out to be right"}
    facts: Node = {
        "id": {"type": "string", "description": "of the answer; or request_id"},
        "request_id": {"type": "string", "description": "of the reply"},
        "row": {"type": "integer", "minimum": 0, "description": "number of the row, where request_id had several"},
        "label": label,
        "reward": {"type": "number", "description": "what the answer was worth, instead of label"},
    }
    either = [{"oneOf": [{"required": [one]} for one in pair]} for pair in (("id", "request_id"), ("label", "reward"))]
    one: Node = {"type": "object", "properties": facts, "additionalProperties": False, "allOf": either}
    several: Node = {"type": "object", "properties": {"outcomes": {"type": "array", "items": one}}}
    counts = ("taken", "repeated", "late")
    taken: Node = {"type": "object", "properties": {name: {"type": "integer"} for name in counts}}
    return {
        "summary": "what came of an answer: a label, or a reward; kept before the reply, counted once",
        "requestBody": {"required": True, "content": _json({"oneOf": [one, several | {"required": ["outcomes"]}]})},
        "responses": _responses(taken),
    }


def _row(release: Release) -> Node:
    names = release.scorer.names
    columns = {name: _field(release.bundle.schema[name], release.scorer.levels.get(name, ())) for name in names}
    others = release.scorer.knows_others
    return {"type": "object", "properties": columns, "required": list(names), "additionalProperties": others}


def _field(column: Column, levels: tuple[str, ...]) -> Node:
    kinds = KINDS.get(column.kind, ["string", "number", "boolean"])
    kinds = kinds[:1] if column.misfits == "forbidden" else kinds  # of the others some fit, and some are refused
    field: Node = {"type": kinds if column.missing == "forbidden" else [*kinds, "null"]}
    words = [column.description, f"in {column.unit}" if column.unit else "", expected(column)]
    field["description"] = "; ".join(word for word in words if word)
    if column.kind == "number" and column.range:
        field |= {key: end for key, end in zip(("minimum", "maximum"), column.range, strict=True) if abs(end) < 1e300}
    if column.levels and len(column.levels) <= MOST_LEVELS:
        field["enum"] = [*column.levels, *([] if column.missing == "forbidden" else [None])]
    elif levels:
        field["x-known"] = list(levels[:MOST_LEVELS])
    if (example := _example(column, levels)) is not None:
        field["examples"] = [example]
    return field


def _example(column: Column, levels: tuple[str, ...]) -> Any:
    """Return a value such as the training rows had; no cell of a row is told."""
    low, high = column.seen.get("low"), column.seen.get("high")
    if column.kind == "number" and isinstance(low, (int, float)) and isinstance(high, (int, float)):
        middle = (low + high) / 2
        return round(middle) if isinstance(low, int) else float(f"{middle:.4g}")
    if column.kind == "boolean":
        return True
    if column.kind == "time":
        return "2026-01-31"
    return (column.levels or levels or (None,))[0]


def _answer(release: Release) -> Node:
    labels: Node = {"type": "string", "enum": list(release.labels)} if release.labels else {"type": "number"}
    shares = {key: {"type": "number", "minimum": 0, "maximum": 1} for key in release.keys if release.labels}
    if release.abstains:
        labels = {"anyOf": [labels, {"type": "null"}]}
    return {"prediction": labels, **shares}


def _error() -> Node:
    texts = {name: {"type": "string"} for name in ("field", "message", "expected")}
    problem = {"type": "object", "properties": {"row": {"type": "integer"}, **texts}}
    facts = {"code": {"type": "string"}, "message": {"type": "string"}, "problems": {"type": "array", "items": problem}}
    return {"type": "object", "properties": {"error": {"type": "object", "properties": facts}}}
