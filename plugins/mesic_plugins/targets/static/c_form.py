"""A program as C99: kernels that are called, constants, and one function a pipeline."""

import re
from functools import lru_cache
from pathlib import Path

from mesic import UsageError
from mesic_plugins.targets.program.program import TEXT_KERNELS
from mesic_plugins.targets.static.c_tables import Tables, listed, number, text

HOME = Path(__file__).parent
PART = re.compile(r"^/\* part (\w+):([\w ]*)\*/$", re.MULTILINE)
READINGS = {"number": "READ_NUMBER", "time": "READ_NUMBER", "boolean": "READ_TRUTH", "level": "READ_LEVEL"}
NARROW = 65_535
NO_LIMIT = "2147483647L"
TYPES = """\
#define DBL_LARGEST 1.7976931348623157e308
#define WIDEST {widest}
#define MOST_FEATURES {features}
#define MOST_SLOTS {slots}

typedef struct {{ const char *start; size_t length; }} slice;
typedef {rank} rank;
typedef struct {{ rank slot, limit; int next[2]; }} node; /* left, right */
typedef void (*member)(const double *in, const slice *texts, double *out);
enum {{ READ_NUMBER, READ_TRUTH, READ_LEVEL, READ_TEXT }};
typedef struct {{
    int reading, refuses_misfits, refuses_missing;
    double low, high;
    const char *const *allowed, *const *levels;
    const int *codes;
    int allowed_count, levels_count;
}} input;
"""


@lru_cache
def parts(file):
    """Return the parts of a C file by name: what each needs, and its text."""
    found = PART.split((HOME / file).read_text(encoding="utf-8"))[1:]
    return {
        name: (needs.split(), body.strip()) for name, needs, body in zip(*(found[i::3] for i in range(3)), strict=True)
    }


@lru_cache
def parameters(kernel):
    """Return the names of what a kernel is handed, as its C declares them."""
    head = parts("kernels.c")[kernel][1].partition(f"static void {kernel}(")[2].partition(")")[0]
    return [re.findall(r"\w+", one)[-1] for one in head.split(",")]


def header(release, classes, columns):
    """Return the header: what a caller needs to know."""
    known = "\n".join(f"     {place:3} {column.name!r}: {_told(column)}" for place, column in enumerate(columns))
    guard = f"{release.name.upper()}_H"
    return f"""\
/* {_told_of(release)}
   C99; no heap, no file, no clock, no locale. Columns, in order:
{known.replace("*/", "* /").replace("/*", "/ *")} */
#ifndef {guard}
#define {guard}

#define MODEL_NAME {text(release.name)}
#define MODEL_VERSION {text(release.version)}
#define MODEL_BUNDLE {text(release.bundle)}
#define MODEL_EXPIRES {NO_LIMIT if release.expires is None else f"{release.last_day}L"} /* last day, since 1970 */
#define MODEL_COLUMNS {len(columns)}
#define MODEL_SCORES {max(len(classes), 1)}

#ifdef __cplusplus
extern "C" {{
#endif

{(HOME / "core.h").read_text(encoding="utf-8")}
#ifdef __cplusplus
}}
#endif
#endif
"""


def source(release, program, decision, classes, columns):
    """Return the C file that answers.

    Raises
    ------
    UsageError
        A step or a text has no form in C.
    """
    _refuse(program, columns, classes)
    tables, functions = Tables(), list[str]()
    _function(program, "run", tables, functions)
    inputs = [_input(column, tables) for column in columns]
    decided = _decided(decision, len(classes), tables)
    kernels = parts("kernels.c")
    wanted = _needed(sorted(program.kernels), kernels)
    pieces = [
        f"/* {_told_of(release)} */",
        f'#include "{release.name}.h"\n\n#include <math.h>\n#include <string.h>',
        '#ifdef __FAST_MATH__\n#error "-ffast-math loses missing cells and digits"\n#endif',
        TYPES.format(widest=_widest(program), **_sizes(program)),
        f"const char *const model_columns[MODEL_COLUMNS] = {listed(text(column.name) for column in columns)};",
        f"const char *const model_classes[MODEL_SCORES] = {listed(map(text, classes or ['']))};",
        f"static const char *const blanks[] = {listed(map(text, sorted(columns[0].blanks, key=str.encode)))};",
        *(kernels[name][1] for name in kernels if name in wanted),
        "\n".join(line for line in tables.lines if not line.startswith("static const member")),
        *functions,
        "static const input inputs[MODEL_COLUMNS] = {\n    " + ",\n    ".join(inputs) + "};",
        decided,
        parts("core.c")["reading"][1],
        parts("core.c")["predict"][1],
    ]
    return "\n\n".join(pieces) + "\n"


def named(content, name):
    """Return C whose public names begin with that of the model."""
    content = content.replace('"model_.h"', f'"{name}.h"')
    content = re.sub(r"\bMODEL_", f"{name.upper()}_", content)
    return re.sub(r"\bmodel_", f"{name}_", content)


def _refuse(program, columns, classes):
    kernels = parts("kernels.c")
    if strange := sorted(program.kernels - kernels.keys()):
        raise UsageError(
            f"target=static cannot write the step {strange[0]!r} in C: it reads letters of every language; give "
            "target.forms=[python], or leave the transformer out"
        )
    every = [column.name for column in columns] + [level for column in columns for level in column.levels]
    if any("\0" in one for one in [*every, *classes]):
        raise UsageError("a level or a name holds a zero byte, which ends a text in C: give target.forms=[python]")


def _needed(names, kernels):
    found = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names += kernels[name][0]
    return found


def _sizes(program):
    """Return how much a forest holds at most, and the narrowest type that can count it."""
    calls = list(_forests(program))
    slots = max((int(call.values["set_slots"][-1]) for call in calls), default=0)
    beyond = max((int(call.values["blanks"].max(initial=0)) for call in calls), default=0)
    is_narrow = max(slots, beyond + 1) <= NARROW
    features = max((len(call.values["features"]) for call in calls), default=0)
    return {"rank": "unsigned short" if is_narrow else "int", "features": max(features, 1), "slots": max(slots, 1)}


def _forests(program):
    for call in program.calls:
        if call.kernel == "forest":
            yield call
        for member in call.values.get("members", ()):
            yield from _forests(member)


def _widest(program):
    members = [member for call in program.calls for member in call.values.get("members", ())]
    return max([program.widest, *map(_widest, members)])


def _function(program, name, tables, functions):
    """Write a pipeline as a function, those of its members before it."""
    lines = [f"    double rows[2][{program.widest}];"] if len(program.calls) > 1 else []
    source_row, width = "in", program.width
    body = []
    for number_of_call, call in enumerate(program.calls):
        is_last = number_of_call == len(program.calls) - 1
        target = "out" if is_last else f"rows[{number_of_call % 2}]"
        handed = {"in": source_row, "out": target, "texts": "texts", "width": str(width)}
        body.append(f"    {call.kernel}({', '.join(_arguments(call, handed, name, tables, functions))});")
        source_row, width = target, call.width
    if not any(call.kernel in (*TEXT_KERNELS, "mean") for call in program.calls):
        body.insert(0, "    (void)texts;")
    if not program.calls:
        body.append(f"    memcpy(out, in, {width} * sizeof *out);")
    head = f"static void {name}(const double *in, const slice *texts, double *out)\n{{"
    functions.append("\n".join([head, *lines, *body, "}"]))


def _arguments(call, handed, name, tables, functions):
    kinds = {argument: (kind, value) for kind, argument, value in call.arguments}
    for parameter in parameters(call.kernel):
        if parameter in handed:
            yield handed[parameter]
        elif parameter.endswith("_count"):
            yield str(len(kinds[parameter.removesuffix("_count")][1]))
        else:
            yield _constant(*kinds[parameter], name, tables, functions)


def _constant(kind, value, name, tables, functions):
    if kind == "P":
        names = [f"{name}_{place}" for place in range(len(value))]
        for own, member in zip(names, value, strict=True):
            _function(member, own, tables, functions)
        table = tables.members(names)
        functions.append(next(line for line in tables.lines if f" {table}[] " in line))
        return table
    if kind == "N":
        return tables.nodes(value)
    if kind in "IRD":
        return tables.name_of(kind, value)
    return number(value) if kind == "d" else f"{value}{'ULL' if kind == 'u' else ''}"


def _input(column, tables):
    order = sorted(range(len(column.levels)), key=lambda code: column.levels[code].encode())
    allowed = "0" if column.allowed is None else tables.texts(sorted(column.allowed, key=str.encode))
    levels = tables.texts([column.levels[code] for code in order]) if order else "0"
    codes = tables.name_of("I", order) if order else "0"
    counts = f"{len(column.allowed or ())}, {len(order)}"
    flags = f"{int(column.refuses_misfits)}, {int(column.refuses_missing)}"
    limits = f"{number(column.low)}, {number(column.high)}"
    reading = READINGS.get(column.reading, "READ_TEXT")
    return f"{{{reading}, {flags}, {limits}, {allowed}, {levels}, {codes}, {counts}}}"


def _decided(decision, classes, tables):
    head = "static int decided(const double *scores)\n{\n"
    if not classes:
        return head + "    (void)scores;\n    return 0;\n}"
    if decision.threshold is not None:
        return f"{head}    return scores[1] >= {number(decision.threshold)};\n}}"
    worth, fill = "scores", ""
    if decision.costs is not None:
        costs, worth = tables.name_of("D", decision.costs.reshape(-1)), "worth"
        fill = (
            f"    double worth[{classes}] = {{0}};\n    int code, other;\n"
            f"    for (code = 0; code < {classes}; code++)\n        for (other = 0; other < {classes}; other++)\n"
            f"            worth[other] -= scores[code] * {costs}[code * {classes} + other];\n"
        )
    return (
        f"{head}    int place, best = 0;\n{fill}"
        f"    for (place = 0; place < {classes}; place++) {{\n        if (isnan({worth}[place])) return place;\n"
        f"        if ({worth}[place] > {worth}[best]) best = place;\n    }}\n    return best;\n}}"
    )


def _told(column):
    return {"level": "text, a level", "text": "text", "time": "days since 1970, UTC", "boolean": "0 or 1"}.get(
        column.reading, "a number"
    )


def _told_of(release):
    until = "" if release.expires is None else f", until {release.expires}"
    return f"{release.name} {release.version}, from bundle {release.bundle}{until}; written by mesic, not by hand."


def main(columns):
    """Return the C file of a program that reads CSV or JSON lines."""
    kinds = {"number": "NUMBER", "boolean": "TRUTH", "time": "TIME", "level": "LEVEL", "text": "TEXT"}
    spelt = {"number": "SPELT_AS_NUMBER", "boolean": "SPELT_AS_TRUTH"}
    tables = [
        f"static const int kinds[] = {listed('KIND_' + kinds[column.reading] for column in columns)};",
        f"static const int spellings[] = {listed(spelt.get(column.cells, 'SPELT_AS_TEXT') for column in columns)};",
    ]
    return (HOME / "main.c").read_text(encoding="utf-8").replace("/* readings */", "\n".join(tables))


def stack_bytes(program, columns):
    """Return about how much stack an answer takes."""
    depth = 1 + _depth(program)
    sizes = _sizes(program)
    ranks = (sizes["features"] + sizes["slots"]) * (2 if sizes["rank"] == "unsigned short" else 4)
    return 8 * (3 * _widest(program) * depth + 4 * columns) + ranks + 1000


def _depth(program):
    members = [member for call in program.calls for member in call.values.get("members", ())]
    return 1 + max(map(_depth, members), default=0)
