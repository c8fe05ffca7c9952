"""Where a score is told without its interval: in JSON, on pages, on terminals.

A score is a number under the name of a metric or of a loss. It is told where ends, method and unit stand in the same
mapping, or, for people, where its ends (or that there are none) follow it in the same sentence or cell.
"""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from mesic.host.registry import installed
from mesic.report.words import metric_name

LOSSES = ("loss", "train_loss", "mean_loss", "fold_losses", "losses", "score", "auc")
SPOKEN_LOSSES = ("log loss", "squared error", "absolute error", "share of wrong answers")
FRAME = ("low", "high", "level", "method", "unit")
NUMBER = r"[−-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+−-]?\d+)?"
SCORE = r"[−-]?(?:\d[\d,]*\.\d+|\.\d+|\d+%)(?:e[+−-]?\d+)?"
ENDS = rf"{NUMBER}%? to {NUMBER}%?"
SPREAD = rf"± {NUMBER}|standard error {NUMBER}"
NO_ENDS = r"interval cannot be told|no interval|on these rows|interval unknown|told from the best on its first folds"
BLOCKS = {"p", "td", "th", "li", "h1", "h2", "h3", "h4", "figcaption", "summary", "title", "text", "div", "tr", "desc"}


def metrics():
    """Return the names of all metrics."""
    return tuple(installed().names("metric"))


def spoken():
    """Return a pattern of every metric's and loss's name as people read it, the longest first."""
    names = {*metrics(), *map(metric_name, metrics()), *SPOKEN_LOSSES} - {"map", "MAP"}
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def bare_in_json(node, path="$", *, allowed=(), shared=frozenset()) -> Iterator[str]:
    """Yield the path of every score in a JSON value that has no ends, level, method and unit beside it.

    `allowed` are patterns of paths that need none; level, method and unit may be `shared`: told once of all below.
    """
    if any(re.fullmatch(pattern, path) for pattern in allowed):
        return
    if isinstance(node, Mapping):
        shared = shared | set(node) & {"level", "method", "unit"}
        is_option = "option" in node  # its value is set, not estimated
        lacking = sorted(set(FRAME) - set(node) - shared)
        if "value" in node and not is_option and is_number(node["value"]) and lacking:
            yield f"{path}: value {node['value']} without {', '.join(lacking)}"
        for key, value in node.items():
            inner = f"{path}.{key}"
            own = set(value) if isinstance(value, Mapping) else set(node)
            has_ends = f"{key}_se" in node or set(FRAME) <= own | shared
            is_allowed = has_ends or any(re.fullmatch(pattern, inner) for pattern in allowed)
            if is_named_score(key, value) and not is_allowed:
                yield f"{inner}: {value} is bare"
            else:
                yield from bare_in_json(value, inner, allowed=allowed, shared=shared)
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from bare_in_json(value, f"{path}[{place}]", allowed=allowed, shared=shared)


def is_named_score(key, value):
    """Whether a number, or numbers alone, stand under the name of a metric or loss."""
    listed = value if isinstance(value, list) else list(value.values()) if isinstance(value, Mapping) else [value]
    return (key in LOSSES or key in metrics()) and bool(listed) and all(map(is_number, listed))


def is_number(value):
    """Whether a value is a number and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def bare_in_text(text) -> Iterator[str]:
    """Yield every piece of a text in which a number follows the name of a metric without its ends."""
    flat = re.sub(r"\s+", " ", text)
    for found in re.finditer(rf"\b(?<!policy\.)(?:{spoken()})\b[^.,;()\"]{{0,40}}?[ =]({SCORE})(?![\w.])", flat):
        after = flat[found.end() : found.end() + 90]
        if "too good by about" in found[0] and re.match(r", for it is the best of \d+: expect", after):
            continue  # the sum of both is told with its ends
        if not re.match(rf"(?: \w+)? ?\((?:[^()]*? )?(?:{ENDS}|{NO_ENDS}|{SPREAD})", after):
            yield flat[max(0, found.start() - 30) : found.end() + 40]


def bare_in_terminal(text) -> Iterator[str]:
    """Yield what is bare in the sentences and tables of a terminal."""
    lines, sentences, place = text.splitlines(), [], 0
    while place < len(lines):
        if "──" not in lines[place]:
            sentences.append(lines[place])
            place += 1
            continue
        end = next((n for n in range(place + 1, len(lines)) if not lines[n].strip()), len(lines))
        head = sentences.pop() if sentences else ""
        yield from _bare_cells(head, lines[place + 1 : end])
        place = end
    yield from bare_in_text("\n".join(sentences))


def _bare_cells(head, body) -> Iterator[str]:
    """Yield what is bare in a table whose cells go on in the lines below, where the first column is empty."""
    columns = [found.start() for found in re.finditer(r"(?:(?<= {2})|^)\S", head)]
    ends = [*columns[1:], None]
    rows: list[list[str]] = []
    for line in body:
        cells = [line[: columns[0]], *(line[left:right] for left, right in zip(columns, ends, strict=True))]
        if line[:4].strip() or not rows:
            rows.append(cells)
        else:
            rows[-1] = [f"{old} {new.strip()}" for old, new in zip(rows[-1], cells, strict=True)]
    for row in rows:
        for cell in row:
            yield from bare_in_text(cell)
    names = ["", *(head[left:right].strip() for left, right in zip(columns, ends, strict=True))]
    yield from _bare_in_table([names, *rows])


def is_told(cell):
    """Whether a cell that begins with a score has its ends, or says that there are none."""
    return bool(re.search(rf"{ENDS}|{NO_ENDS}|{SPREAD}", cell))


class Page(HTMLParser):
    """The blocks of text of a page, and its tables as rows of cells."""

    def __init__(self, html):
        super().__init__()
        self.blocks, self.tables, self._cell, self._hidden = [""], [], False, 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        if tag in ("script", "style"):
            self._hidden += 1
        if tag == "table":
            self.tables.append([])
        if tag == "tr" and self.tables:
            self.tables[-1].append([])
        if tag in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
            self._cell = True
        if tag in BLOCKS:
            self.blocks.append("")
        self.blocks += [told[name] for name in ("aria-label", "title", "alt") if told.get(name)] + [""]

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._hidden -= 1
        if tag in ("td", "th"):
            self._cell = False
        if tag in BLOCKS:
            self.blocks.append("")

    def handle_data(self, data):
        if self._hidden:
            return
        self.blocks[-1] += data
        if self._cell:
            self.tables[-1][-1][-1] += data + " "


def bare_on_page(html) -> Iterator[str]:
    """Yield what is bare in the sentences and tables of a page, and in the words of its pictures."""
    page = Page(html)
    for block in page.blocks:
        yield from bare_in_text(block)
    for table in page.tables:
        yield from _bare_in_table(table)


def _bare_in_table(table) -> Iterator[str]:
    """Yield the cells under or beside the name of a score that begin with a number and tell no ends.

    They may stand in the next column, if it is called so.
    """
    head = [name.strip() for name in table[0]] if table else []
    for row in table[1:]:
        cells = [re.sub(r"\s+", " ", cell).strip() for cell in row]
        named = bool(cells) and re.fullmatch(spoken(), cells[0])
        for column, after, cell in zip(head, [*head[1:], ""], cells, strict=False):
            is_score = (named and cell != cells[0]) or re.fullmatch(rf"(?:.* )?(?:{spoken()}|loss)(?: .*)?", column)
            if is_score and re.match(NUMBER, cell) and not is_told(cell) and after != "interval":
                yield f"table {' | '.join(head)[:80]}: {column}: {cell!r}"
