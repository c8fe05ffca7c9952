"""The kernels in Python, with nothing but the standard library: each is copied into artefacts that call it."""

import math
import re
import struct
import zlib
from bisect import bisect_left, bisect_right
from collections import Counter

BLANK = float("nan")
LARGEST = 1.7976931348623157e308
MASK = 2**64 - 1
SECONDS_A_DAY, MOST_SECONDS = 86_400, 1e13


def is_missing(value):
    """Return whether a cell is missing."""
    return value != value  # noqa: PLR0124 - only NaN differs from itself


def between(value, low, high):
    """Return the nearest value from `low` to `high`; NaN stays."""
    return low if value < low else high if value > high else value


def divided(left, right):
    """Return a quotient as IEEE 754 has it."""
    if right:
        return left / right
    if left == 0 or is_missing(left):
        return BLANK
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def exponential(value):
    """Return e to a power; beyond what can be held it is infinite."""
    return math.inf if value > 709.782712893384 else math.exp(value)


def pairwise_sum(values):
    """Return a sum, added in the order in which NumPy adds."""
    count = len(values)
    if count < 8:
        total = 0.0
        for value in values:
            total += value
        return total
    if count <= 128:
        parts, last = list(values[:8]), count - count % 8
        for start in range(8, last, 8):
            for place in range(8):
                parts[place] += values[start + place]
        a, b, c, d, e, f, g, h = parts
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
        for value in values[last:]:
            total += value
        return total
    half = count // 2
    half -= half % 8
    return pairwise_sum(values[:half]) + pairwise_sum(values[half:])


def on_lines(value, x, y):
    """Return what straight lines between knots say, and what the last knots say beyond them."""
    if is_missing(value):
        return value
    place = bisect_right(x, value) - 1
    if place < 0:
        return y[0]
    if place >= len(x) - 1 or x[place] == value:
        return y[place]
    slope = (y[place + 1] - y[place]) / (x[place + 1] - x[place])
    found = slope * (value - x[place]) + y[place]
    if is_missing(found):
        found = slope * (value - x[place + 1]) + y[place + 1]
        if is_missing(found) and y[place] == y[place + 1]:
            found = y[place]
    return found


def take(row, places):
    """Take some columns."""
    return [row[place] for place in places]


def recode(row, places, start, table):
    """Give levels other codes."""
    out = list(row)
    for j, place in enumerate(places):
        value = row[place]
        out[place] = table[start[j + 1] - 1 if is_missing(value) else start[j] + int(value)]
    return out


def fill(row, value, indicator):
    """Fill missing cells, and say behind them which were missing."""
    out = [value[j] if is_missing(cell) else cell for j, cell in enumerate(row)]
    return out + [1.0 if is_missing(row[place]) else 0.0 for place in indicator]


def scale(row, places, center, divisor, low, high):
    """Shift, divide and limit numbers."""
    out = list(row)
    for j, place in enumerate(places):
        scaled = between(divided(row[place] - center[j], divisor[j]), -LARGEST, LARGEST)
        out[place] = between(scaled, low[j], high[j])
    return out


def interpolate(row, places, start, x, y):
    """Replace numbers by what knots say."""
    out = list(row)
    for j, place in enumerate(places):
        out[place] = on_lines(row[place] / 4, x[start[j] : start[j + 1]], y[start[j] : start[j + 1]])
    return out


def bins(row, places, start, edges):
    """Replace numbers by their bins."""
    out = list(row)
    for j, place in enumerate(places):
        if not is_missing(row[place]):
            out[place] = float(bisect_right(edges, row[place], start[j], start[j + 1]) - start[j])
    return out


def date_part(days, part):
    """Return a part of a moment; parts are year, month, day, weekday, day of the year, hour, minute, second."""
    moment = round(between(days * SECONDS_A_DAY, -MOST_SECONDS, MOST_SECONDS))
    day, second = moment // SECONDS_A_DAY, moment % SECONDS_A_DAY
    if part == 3:
        return (day + 3) % 7
    if part >= 5:
        return (second // 3600, second // 60 % 60, second % 60)[part - 5]
    era, in_era = divmod(day + 719_468, 146_097)  # H. Hinnant, chrono-compatible low-level date algorithms
    year = (in_era - in_era // 1460 + in_era // 36_524 - in_era // 146_096) // 365
    from_march = in_era - (365 * year + year // 4 - year // 100)
    march = (5 * from_march + 2) // 153
    month = march + 3 if march < 10 else march - 9
    year += era * 400 + (month <= 2)
    if part == 4:
        before = year - 1
        return day - (365 * (year - 1970) + before // 4 - before // 100 + before // 400 - 477) + 1
    return (year, month, from_march - (153 * march + 2) // 5 + 1)[part]


def dates(row, keep, places, parts, start, table):
    """Put parts of moments behind the columns that are kept."""
    out = [row[place] for place in keep]
    for j, place in enumerate(places):
        if is_missing(row[place]):
            out.append(row[place])
            continue
        part = date_part(row[place], parts[j])
        out.append(table[start[j] + part] if start[j + 1] > start[j] else float(part))
    return out


def products(row, first, second):
    """Put products of pairs behind all columns."""
    return list(row) + [between(row[a] * row[b], -LARGEST, LARGEST) for a, b in zip(first, second)]  # noqa: B905 - Python 3.8 reads this


def one_hot(row, columns, from_places, to_places, places, start, table):
    """Give levels a column each."""
    out = [0.0] * columns
    for a, b in zip(from_places, to_places):  # noqa: B905
        out[b] = row[a]
    for j, place in enumerate(places):
        value = row[place]
        where = table[start[j + 1] - 1 if is_missing(value) else start[j] + int(value)]
        if where >= 0:
            out[where] = 1.0
    return out


def lookup(row, each, keep, places, start, table):
    """Put what a table has for levels behind the columns that are kept."""
    out = [row[place] for place in keep]
    for j, place in enumerate(places):
        value = row[place]
        line = start[j + 1] - 1 if is_missing(value) else start[j] + int(value)
        out += table[line * each : (line + 1) * each]
    return out


def crosses(row, first, second, factor, start, numbers):
    """Put crosses of pairs of levels behind all columns."""
    out = list(row)
    for j, (a, b) in enumerate(zip(first, second)):  # noqa: B905
        number = row[a] * factor[j] + row[b]
        if not is_missing(number):
            place = bisect_left(numbers, number, start[j], start[j + 1])
            is_known = place < start[j + 1] and numbers[place] == number
            number = float((place if is_known else start[j + 1]) - start[j])
        out.append(number)
    return out


def mixed(value):
    """Return a well-spread hash of 64 bits (SplitMix64)."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def hashed(row, texts, keep, which, buckets, seed):
    """Put buckets of texts behind the columns that are kept."""
    out = [row[place] for place in keep]
    for number in which:
        made = [0.0] * buckets
        if texts[number] is not None:
            made[mixed((zlib.crc32(texts[number].encode()) + seed) & MASK) % buckets] = 1.0
        out += made
    return out


def words(row, texts, keep, which, start, known, weight, is_presence, is_unit):  # noqa: PLR0913, PLR0917 - constants
    """Put behind the columns that are kept how often texts hold words."""
    out = [row[place] for place in keep]
    for j, number in enumerate(which):
        held = Counter(re.findall(r"\w\w+", (texts[number] or "").lower()))
        made = []
        for place in range(start[j], start[j + 1]):
            times = held[known[place]]
            made.append((float(times > 0) if is_presence else float(times)) * weight[place])
        length = math.sqrt(pairwise_sum([value * value for value in made])) if is_unit else 0.0
        out += [value / length for value in made] if length > 0 else made
    return out


def flush(row, least):
    """Let numbers that are hardly there be zero."""
    return [0.0 if -least <= value <= least else value for value in row]


def constant(row, value):  # noqa: ARG001 - as every kernel
    """Answer the same."""
    return list(value)


def draw(row, seed, value):
    """Answer one of some values, decided by the row's cells."""
    state = seed
    for cell in row:
        bits = 0x7FF8000000000000 if is_missing(cell) else int.from_bytes(struct.pack("<d", cell + 0.0), "little")
        state = mixed(state ^ bits)
    return [value[state % len(value)]]


def linear(row, places, outputs, coef, intercept):
    """Return weighted sums."""
    out = [0.0] * outputs
    for j, place in enumerate(places):
        cell = row[place]
        for k in range(outputs):
            out[k] += cell * coef[j * outputs + k]
    return [total + intercept[k] for k, total in enumerate(out)]


def forest(  # noqa: PLR0913, PLR0917 - constants
    row, outputs, each, features, start, edges, slots, blanks, set_features, set_slots, set_levels, set_start, set_rows,
    root, nodes, value
):  # fmt: skip
    """Return the sums of the leaves that a row falls into; nodes compare ranks among the thresholds of a column."""
    ranks = [bisect_left(edges, row[place], start[j], start[j + 1]) - start[j] for j, place in enumerate(features)]
    codes = [blanks[j] if is_missing(row[features[place]]) else ranks[place] for j, place in enumerate(slots)]
    for j, place in enumerate(set_features):
        cell, count = row[place], set_slots[j + 1] - set_slots[j]
        line = set_start[j] + count * (int(cell) if 0 <= cell < set_levels[j] else set_levels[j])
        codes += set_rows[line : line + count]
    out, first = [0.0] * outputs, 0
    for place in root:
        while place >= 0:
            slot, limit, left, right = nodes[place]
            place = left if codes[slot] <= limit else right  # noqa: PLW2901
        for k in range(each):
            out[(first + k) % outputs] += value[~place * each + k]
        first += each
    return out


def naive_bayes(row, offset, theta, variance):
    """Return the logarithm of each class's share, but for what all classes have."""
    width, out = len(row), []
    for k, own in enumerate(offset):
        away = [cell - theta[k * width + j] for j, cell in enumerate(row)]
        out.append(
            own - 0.5 * pairwise_sum([divided(far * far, variance[k * width + j]) for j, far in enumerate(away)])
        )
    return out


def mean(row, texts, members, share, start, present, outputs):
    """Return the weighted mean of what members answer."""
    out = [0.0] * outputs
    for j, member in enumerate(members):
        for k, score in enumerate(run(member, row, texts)):
            out[present[start[j] + k]] += share[j] * score
    return out


def divide(row, by):
    """Divide all scores."""
    return [score / by for score in row]


def sigmoid(row, slope):
    """Return two probabilities."""
    positive = 1 / (1 + exponential(-slope * row[0]))
    return [1 - positive, positive]


def softmax(row):
    """Return probabilities that go as the exponentials."""
    top = max(row)
    odds = [exponential(score - top) for score in row]
    total = pairwise_sum(odds)
    return [divided(score, total) for score in odds]


def log_odds(row, first, second, intercept):
    """Return probabilities by a straight line in logarithms."""
    out = []
    for k, own in enumerate(intercept):
        p = between(row[1] if len(intercept) == 1 else row[k], 1e-9, 1 - 1e-9)
        out.append(1 / (1 + exponential(-(first[k] * math.log(p) - second[k] * math.log1p(-p) + own))))
    return out


def isotonic(row, start, x, y):
    """Return what knots say of probabilities."""
    count = len(start) - 1
    cells = row[1:] if count == 1 else row
    return [on_lines(cells[k], x[start[k] : start[k + 1]], y[start[k] : start[k + 1]]) for k in range(count)]


def temperature(row, power):
    """Return logarithms of probabilities, flattened or steepened."""
    return [math.log(max(p, 1e-9)) * power for p in row]


def of_two(row):
    """Return the probabilities of two classes."""
    return [1 - row[0], row[0]]


def shares(row):
    """Let scores sum to 1; nothing but zeros knows nothing."""
    total = pairwise_sum(row)
    return [score / total for score in row] if total > 0 else [1 / len(row)] * len(row)


def run(program, row, texts):
    """Call kernels one after the other."""
    for kernel, takes_texts, values in program:
        row = kernel(row, texts, *values) if takes_texts else kernel(row, *values)
    return row


def spread(row, outputs, present):
    """Put the classes that were there in training among all."""
    out = [0.0] * outputs
    for j, place in enumerate(present):
        out[place] = row[j]
    return out
