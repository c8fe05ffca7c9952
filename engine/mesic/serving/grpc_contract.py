"""The messages of gRPC, made from the schema of a bundle: a typed field a column, and the file that describes them.

The number of a field hangs on its column's name alone. Whoever speaks by the file of an older bundle therefore never
fills another column: a field that has gone is unknown, one whose type has changed is, too.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet

from mesic.data.rules import expected
from mesic.data.schema import Column
from mesic.errors import UsageError
from mesic.serving.release import Release

PACKAGE, FILE = "mesic.v1", "predictor.proto"
SERVICE = f"{PACKAGE}.Predictor"
STREAM = "stream "
OTHERS, FIRST_NUMBER, RESERVED, NUMBERS = 1, 16, range(19_000, 20_000), 2**29
TYPES = {"number": "double", "boolean": "bool"}
MARKS = {name: name for name in ("bundle", "version", "arm", "propensity", "id", "abstained")}
MARKS |= {"prediction_low": "low", "prediction_high": "high"}
CODES = {
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "int32": FieldDescriptorProto.TYPE_INT32,
}
MESSAGES = {  # but for Row, whose fields are the columns
    "PredictRequest": ("repeated Row rows = 1", "bool unset_is_missing = 2", "bool intervals = 3"),
    "Cell": ("oneof double number = 1", "oneof string text = 2", "oneof bool truth = 3"),
    "PredictResponse": (
        "repeated Answer answers = 1",
        "string bundle = 2",
        "string version = 3",
        "optional Refusal refusal = 4",
        "string request_id = 5",
    ),
    "Answer": (
        "string prediction = 1",
        "double value = 2",
        "map double probabilities = 3",
        "optional double low = 4",
        "optional double high = 5",
        "repeated string prediction_set = 6",
        "string bundle = 7",
        "string version = 8",
        "string arm = 9",
        "double propensity = 10",
        "string id = 11",
        "string abstained = 12",
    ),
    "Refusal": ("int32 status = 1", "string code = 2", "string message = 3", "repeated Problem problems = 4"),
    "Problem": ("int32 row = 1", "string field = 2", "string message = 3", "string expected = 4"),
    "OutcomeRequest": ("repeated Outcome outcomes = 1",),
    "Outcome": (
        "optional string id = 1",
        "optional string request_id = 2",
        "optional int32 row = 3",
        "optional Cell label = 4",
        "optional double reward = 5",
    ),
    "OutcomeResponse": ("int32 taken = 1", "int32 repeated = 2", "int32 late = 3"),
}
CALLS = {  # name: what comes, what goes
    "Predict": ("PredictRequest", "PredictResponse"),
    "PredictStream": ("stream PredictRequest", "stream PredictResponse"),
    "Outcome": ("OutcomeRequest", "OutcomeResponse"),
}

WORDS = {
    "PredictRequest.unset_is_missing": "a column that is not set is a missing cell; else it is refused",
    "PredictRequest.intervals": "also what holds the target as often as the run promised",
    "Cell": "A cell of any form, as JSON has it; nothing set: it is missing.",
    "Row.others": "Cells of any form by column, where the field's own type does not hold them.",
    "PredictResponse.refusal": "in a stream: why this request is not answered; a single call ends with a status",
    "Answer.prediction": "the label, where there are classes",
    "Answer.bundle": "who answered this row, where a roll-out chooses among several; else the response says it for all",
    "Answer.abstained": "why there is no decision",
    "Answer.id": "by which outcomes are told",
    "Outcome": "What came of an answer of a deployment: a label, or a reward; by its id, or by request_id and row.",
    "OutcomeResponse.repeated": "were told before, and count once",
    "OutcomeResponse.late": "are kept, but their roll-out has ended",
    "Answer.value": "the number, where there are none",
}


def number_of(name: str) -> int:
    """Return the field number of a column.

    Examples
    --------
    >>> number_of("age"), number_of("town")
    (19927218, 216450980)
    """
    number = zlib.crc32(name.encode()) % NUMBERS
    return number if number >= FIRST_NUMBER and number not in RESERVED else number_of(name + "'")


def field_names(names: Iterable[str]) -> dict[str, str]:
    """Return the field of each column: words of a-z, 0-9 and _; its number behind it where two would be the same.

    Examples
    --------
    >>> field_names(["mean radius", "others", "2nd"])
    {'mean radius': 'mean_radius', 'others': 'others_12171254', '2nd': 'column_2nd'}
    """
    plain = {name: re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") for name in names}
    plain = {name: word if word[:1].isalpha() else f"column_{word}".rstrip("_") for name, word in plain.items()}
    often = Counter(["others", *plain.values()])
    return {name: f"{word}_{number_of(name)}" if often[word] > 1 else word for name, word in plain.items()}


class Contract:
    """What travels to and from a release.

    Parameters
    ----------
    release
        What answers.

    Raises
    ------
    UsageError
        Two columns would have one number.
    """

    def __init__(self, release: Release) -> None:
        self.release = release
        columns = [release.bundle.schema[name] for name in release.scorer.names]
        self.columns = {number_of(column.name): column.name for column in columns}
        if len(self.columns) != len(columns):
            raise UsageError("gRPC cannot tell two columns apart, whose names have one number: rename one of them")
        self.fields = field_names(column.name for column in columns)
        self.file = self._file(columns)
        self.pool = DescriptorPool()
        self.pool.Add(self.file)
        self.request, self.response, self.refusal, self.outcomes, self.taken = (
            GetMessageClass(self.pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
            for name in ("PredictRequest", "PredictResponse", "Refusal", "OutcomeRequest", "OutcomeResponse")
        )

    def _file(self, columns: Iterable[Column]) -> FileDescriptorProto:
        file = FileDescriptorProto(name=FILE, package=PACKAGE, syntax="proto3")
        for name, fields in MESSAGES.items():
            message = file.message_type.add(name=name)
            for field in fields:
                _add(message, *_read(field))
        row = file.message_type.add(name="Row")
        _add(row, "map", "Cell", "others", OTHERS)
        for column in columns:
            kind = TYPES.get(column.kind, "string")
            _add(row, "optional", kind, self.fields[column.name], number_of(column.name), _json_name(column.name))
        for message in file.message_type:
            _close(message)
        service = file.service.add(name="Predictor")
        for name, (comes, goes) in CALLS.items():
            call = service.method.add(name=name)
            call.client_streaming, call.server_streaming = comes.startswith(STREAM), goes.startswith(STREAM)
            call.input_type, call.output_type = (f".{PACKAGE}.{one.removeprefix(STREAM)}" for one in (comes, goes))
        return file

    def rows_of(self, request: Any) -> list[dict[str, Any]]:
        """Return the rows of a request as JSON would have them."""
        return [self._row(row, is_missing=request.unset_is_missing) for row in request.rows]

    def _row(self, message: Any, *, is_missing: bool) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(self.columns.values()) if is_missing else {}
        for field, value in message.ListFields():
            if field.number == OTHERS:
                row |= {name: _cell(cell) for name, cell in value.items()}
            else:
                row[self.columns[field.number]] = value if type(value) is not float else _number(value)
        for unknown in UnknownFieldSet(message):
            row[f"field number {unknown.field_number}"] = None
        return row

    def response_to(self, told: Mapping[str, Any]) -> Any:
        """Return an answer of the service, or several, as a message."""
        heads = {name: told.get(name, "") for name in ("bundle", "version", "request_id")}
        response = self.response(**heads)
        for one in told.get("predictions", (told,)):
            self._add_answer(response.answers.add(), one)
        return response

    def _add_answer(self, answer: Any, told: Mapping[str, Any]) -> None:
        if told["prediction"] is not None:
            setattr(answer, "prediction" if self.release.labels else "value", told["prediction"])
        for name, value in told.items():
            if name.startswith("p_"):
                answer.probabilities[name.removeprefix("p_")] = value
            elif name in MARKS:
                setattr(answer, MARKS[name], value)
        answer.prediction_set.extend(told.get("prediction_set", ()))

    def outcomes_of(self, request: Any) -> list[dict[str, Any]]:
        """Return the outcomes of a request as JSON would have them."""
        return [
            {field.name: _cell(value) if field.name == "label" else value for field, value in one.ListFields()}
            for one in request.outcomes
        ]

    def refusal_of(self, status: int, error: Mapping[str, Any]) -> Any:
        """Return a refusal of the service as a message."""
        return self.refusal(status=status, **error)

    def text(self) -> str:
        """Return the file from which any language makes a client."""
        lines = [
            f"// Bundle {self.release.digest}; a field's number hangs on its column's name alone.",
            'syntax = "proto3";\n',
            f"package {PACKAGE};\n",
            "service Predictor {",
            *(f"  rpc {name}({comes}) returns ({goes});" for name, (comes, goes) in CALLS.items()),
            "}",
        ]
        for name, fields in MESSAGES.items():
            lines += ["", *([f"// {WORDS[name]}"] if name in WORDS else []), f"message {name} {{"]
            lines += _printed(name, fields)
            lines.append("}")
        lines += ["\nmessage Row {", *_printed("Row", (f"map Cell others = {OTHERS}",))]
        for number, column in self.columns.items():
            lines += self._printed_column(self.release.bundle.schema[column], number)
        return "\n".join([*lines, "}\n"])

    def _printed_column(self, column: Column, number: int) -> list[str]:
        kind, field = TYPES.get(column.kind, "string"), self.fields[column.name]
        words = " ".join(f"{column.description} {expected(column)}".split())
        name = json.dumps(_json_name(column.name), ensure_ascii=False)
        also = f" [json_name = {name}]" if _json_name(column.name) else ""
        return [f"  // {words}", f"  optional {kind} {field} = {number}{also};"]


def _json_name(column: str) -> str:
    """Return what JSON calls a column's field, by which clients know the column; none where the name is taken."""
    return "" if column == "others" else column


def _cell(message: Any) -> Any:
    which = message.WhichOneof("value")
    value = None if which is None else getattr(message, which)
    return _number(value) if type(value) is float else value


def _number(value: float) -> float | str | None:
    """Return a number as JSON can hold it: NaN is a missing cell, an infinity its text."""
    if value - value == 0:
        return value
    return None if value != value else str(value)  # noqa: PLR0124 - NaN differs from itself


def _read(field: str) -> tuple[str, str, str, int]:
    """Return rule, type, name and number of a field that is told in words."""
    *rule, kind, name, _, number = field.split()
    return (rule[0] if rule else ""), kind, name, int(number)


def _add(message: DescriptorProto, rule: str, kind: str, name: str, number: int, column: str = "") -> None:
    field = message.field.add(name=name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
    if rule in ("repeated", "map"):
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if rule == "map":
        entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        _add(entry, "", "string", "key", 1)
        _add(entry, "", kind, "value", 2)
        kind = f"{message.name}.{entry.name}"
    if kind in CODES:
        field.type = CODES[kind]
    else:
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    if column:
        field.json_name = column
    field.proto3_optional = rule == "optional"
    if rule == "oneof":
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0


def _close(message: DescriptorProto) -> None:
    """Give each optional field the group of its own by which its presence is known."""
    for field in message.field:
        if field.proto3_optional:
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{field.name}")


def _printed(message: str, fields: Iterable[str]) -> list[str]:
    lines = []
    for field in fields:
        rule, kind, name, number = _read(field)
        words = WORDS.get(f"{message}.{name}")
        said = {"map": f"map<string, {kind}>", "oneof": kind, "": kind}.get(rule, f"{rule} {kind}")
        lines += [f"  // {words}"] if words else []
        lines.append(f"  {said} {name} = {number};")
    return ["  oneof value {", *(f"  {line}" for line in lines), "  }"] if message == "Cell" else lines
