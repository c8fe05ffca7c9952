// The kernels: each is handed the row that comes in, where to put what comes out, its constants, and the texts.

const LARGEST = Number.MAX_VALUE;
const MASK = 0xFFFFFFFFFFFFFFFFn;

function between(value, low, high) {
  return value < low ? low : value > high ? high : value;
}

/** The number of those from `from` to `to` that are at most `value`, ascending as they are. */
function countAtMost(values, value, from, to) {
  let low = from, high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < values[middle]) high = middle;
    else low = middle + 1;
  }
  return low - from;
}

/** The number of those from `from` to `to` that lie below `value`; 0 for NaN. */
function countBelow(values, value, from, to) {
  let low = from, high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low - from;
}

/** A sum, added in the order in which NumPy adds. */
function pairwiseSum(values, from = 0, count = values.length) {
  let total = 0;
  if (count < 8) {
    for (let j = 0; j < count; j++) total += values[from + j];
    return total;
  }
  if (count <= 128) {
    const parts = values.slice(from, from + 8), last = count - count % 8;
    for (let start = 8; start < last; start += 8)
      for (let j = 0; j < 8; j++) parts[j] += values[from + start + j];
    total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
    for (let j = last; j < count; j++) total += values[from + j];
    return total;
  }
  let half = count >> 1;
  half -= half % 8;
  return pairwiseSum(values, from, half) + pairwiseSum(values, from + half, count - half);
}

/** What straight lines between knots say, and what the last knots say beyond them. */
function onLines(value, x, y, from, to) {
  if (Number.isNaN(value)) return value;
  const place = from + countAtMost(x, value, from, to) - 1;
  if (place < from) return y[from];
  if (place >= to - 1 || x[place] === value) return y[place];
  const slope = (y[place + 1] - y[place]) / (x[place + 1] - x[place]);
  let found = slope * (value - x[place]) + y[place];
  if (Number.isNaN(found)) {
    found = slope * (value - x[place + 1]) + y[place + 1];
    if (Number.isNaN(found) && y[place] === y[place + 1]) found = y[place];
  }
  return found;
}

/** The place in a table of a level; the last one of a part is of missing cells. */
function lineOf(value, start, j) {
  return Number.isNaN(value) ? start[j + 1] - 1 : start[j] + Math.trunc(value);
}

/** The nearest whole number, of two the even one. */
function rounded(value) {
  const down = Math.floor(value), rest = value - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

/** Part of a moment: year, month, day, weekday, day of the year, hour, minute, second. */
function datePart(days, part) {
  const moment = rounded(between(days * 86400, -1e13, 1e13)), floor = Math.floor;
  const day = floor(moment / 86400), second = moment - day * 86400;
  if (part === 3) return (day + 3) - 7 * floor((day + 3) / 7);
  if (part >= 5) return [floor(second / 3600), floor(second / 60) % 60, second % 60][part - 5];
  const era = floor((day + 719468) / 146097), inEra = day + 719468 - era * 146097; // H. Hinnant's algorithms for dates
  let year = floor((inEra - floor(inEra / 1460) + floor(inEra / 36524) - floor(inEra / 146096)) / 365);
  const fromMarch = inEra - (365 * year + floor(year / 4) - floor(year / 100));
  const march = floor((5 * fromMarch + 2) / 153), month = march < 10 ? march + 3 : march - 9;
  year += era * 400 + (month <= 2 ? 1 : 0);
  if (part === 4) {
    const before = year - 1;
    return day - (365 * (year - 1970) + floor(before / 4) - floor(before / 100) + floor(before / 400) - 477) + 1;
  }
  return [year, month, fromMarch - floor((153 * march + 2) / 5) + 1][part];
}

/** A well-spread hash of 64 bits (SplitMix64). */
function mixed(value) {
  value = (value + 0x9E3779B97F4A7C15n) & MASK;
  value = ((value ^ (value >> 30n)) * 0xBF58476D1CE4E5B9n) & MASK;
  value = ((value ^ (value >> 27n)) * 0x94D049BB133111EBn) & MASK;
  return value ^ (value >> 31n);
}

function crc32(bytes) {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xEDB88320 & -(sum & 1));
  }
  return (sum ^ -1) >>> 0;
}

const KERNELS = {
  take(row, out, { places }) {
    for (let j = 0; j < places.length; j++) out[j] = row[places[j]];
  },

  recode(row, out, { places, start, table }) {
    out.set(row);
    for (let j = 0; j < places.length; j++) out[places[j]] = table[lineOf(row[places[j]], start, j)];
  },

  fill(row, out, { value, indicator }) {
    const width = row.length;
    for (let j = 0; j < width; j++) out[j] = Number.isNaN(row[j]) ? value[j] : row[j];
    for (let j = 0; j < indicator.length; j++) out[width + j] = Number.isNaN(row[indicator[j]]) ? 1 : 0;
  },

  scale(row, out, { places, center, divisor, low, high }) {
    out.set(row);
    for (let j = 0; j < places.length; j++) {
      const scaled = between((row[places[j]] - center[j]) / divisor[j], -LARGEST, LARGEST);
      out[places[j]] = between(scaled, low[j], high[j]);
    }
  },

  interpolate(row, out, { places, start, x, y }) {
    out.set(row);
    for (let j = 0; j < places.length; j++) out[places[j]] = onLines(row[places[j]] / 4, x, y, start[j], start[j + 1]);
  },

  bins(row, out, { places, start, edges }) {
    out.set(row);
    for (let j = 0; j < places.length; j++) {
      const value = row[places[j]];
      if (!Number.isNaN(value)) out[places[j]] = countAtMost(edges, value, start[j], start[j + 1]);
    }
  },

  dates(row, out, { keep, places, parts, start, table }) {
    for (let j = 0; j < keep.length; j++) out[j] = row[keep[j]];
    for (let j = 0; j < places.length; j++) {
      const days = row[places[j]], part = Number.isNaN(days) ? 0 : datePart(days, parts[j]);
      out[keep.length + j] = Number.isNaN(days) ? days : start[j + 1] > start[j] ? table[start[j] + part] : part;
    }
  },

  products(row, out, { first, second }) {
    out.set(row);
    for (let j = 0; j < first.length; j++)
      out[row.length + j] = between(row[first[j]] * row[second[j]], -LARGEST, LARGEST);
  },

  one_hot(row, out, { from_places, to_places, places, start, table }) {
    out.fill(0);
    for (let j = 0; j < from_places.length; j++) out[to_places[j]] = row[from_places[j]];
    for (let j = 0; j < places.length; j++) {
      const where = table[lineOf(row[places[j]], start, j)];
      if (where >= 0) out[where] = 1;
    }
  },

  lookup(row, out, { each, keep, places, start, table }) {
    for (let j = 0; j < keep.length; j++) out[j] = row[keep[j]];
    for (let j = 0; j < places.length; j++) {
      const line = lineOf(row[places[j]], start, j);
      for (let k = 0; k < each; k++) out[keep.length + j * each + k] = table[line * each + k];
    }
  },

  crosses(row, out, { first, second, factor, start, numbers }) {
    out.set(row);
    for (let j = 0; j < first.length; j++) {
      let number = row[first[j]] * factor[j] + row[second[j]];
      if (!Number.isNaN(number)) {
        const count = start[j + 1] - start[j], place = countBelow(numbers, number, start[j], start[j + 1]);
        number = place < count && numbers[start[j] + place] === number ? place : count;
      }
      out[row.length + j] = number;
    }
  },

  hashed(row, out, { keep, which, buckets, seed }, texts) {
    out.fill(0);
    for (let j = 0; j < keep.length; j++) out[j] = row[keep[j]];
    for (let j = 0; j < which.length; j++) {
      const text = texts[which[j]];
      if (text === null) continue;
      const hash = mixed((BigInt(crc32(new TextEncoder().encode(text))) + seed) & MASK);
      out[keep.length + j * buckets + Number(hash % BigInt(buckets))] = 1;
    }
  },

  words(row, out, { keep, which, start, known, weight, is_presence, is_unit }, texts) {
    for (let j = 0; j < keep.length; j++) out[j] = row[keep[j]];
    for (let j = 0; j < which.length; j++) {
      const held = new Map();
      for (const word of (texts[which[j]] ?? "").toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [])
        held.set(word, (held.get(word) ?? 0) + 1);
      const made = out.subarray(keep.length + start[j], keep.length + start[j + 1]);
      for (let place = start[j]; place < start[j + 1]; place++) {
        const times = held.get(known[place]) ?? 0;
        made[place - start[j]] = (is_presence ? Math.min(times, 1) : times) * weight[place];
      }
      const length = is_unit ? Math.sqrt(pairwiseSum(made.map(value => value * value))) : 0;
      if (length > 0) for (let place = 0; place < made.length; place++) made[place] /= length;
    }
  },

  flush(row, out, { least }) {
    for (let j = 0; j < row.length; j++) out[j] = -least <= row[j] && row[j] <= least ? 0 : row[j];
  },

  constant(row, out, { value }) {
    out.set(value);
  },

  draw(row, out, { seed, value }) {
    const view = new DataView(new ArrayBuffer(8));
    let state = seed;
    for (const cell of row) {
      view.setFloat64(0, cell + 0);
      state = mixed(state ^ (Number.isNaN(cell) ? 0x7FF8000000000000n : view.getBigUint64(0)));
    }
    out[0] = value[Number(state % BigInt(value.length))];
  },

  linear(row, out, { places, outputs, coef, intercept }) {
    out.fill(0);
    for (let j = 0; j < places.length; j++)
      for (let k = 0; k < outputs; k++) out[k] += row[places[j]] * coef[j * outputs + k];
    for (let k = 0; k < outputs; k++) out[k] += intercept[k];
  },

  /** The sums of the leaves that a row falls into. Four trees are walked at once: none waits for another's memory. */
  forest(row, out, constants) {
    const { outputs, each, root, nodes, value } = constants, codes = codesOf(row, constants), last = root.length;
    out.fill(0);
    let sum = 0;
    for (let tree = 0; tree < last; tree += 4) {
      const leaves = Math.min(last - tree, 4);
      let a = root[tree], b = leaves > 1 ? root[tree + 1] : -1, c = leaves > 2 ? root[tree + 2] : -1;
      let d = leaves > 3 ? root[tree + 3] : -1;
      while (a >= 0 || b >= 0 || c >= 0 || d >= 0) {
        if (a >= 0) a = below(a, nodes, codes);
        if (b >= 0) b = below(b, nodes, codes);
        if (c >= 0) c = below(c, nodes, codes);
        if (d >= 0) d = below(d, nodes, codes);
      }
      for (let j = 0; j < leaves; j++) {
        const leaf = j < 2 ? (j ? b : a) : j < 3 ? c : d;
        for (let k = 0; k < each; k++) {
          out[sum] += value[~leaf * each + k];
          if (++sum === outputs) sum = 0;
        }
      }
    }
  },

  naive_bayes(row, out, { offset, theta, variance }) {
    const width = row.length, terms = new Float64Array(width);
    for (let k = 0; k < offset.length; k++) {
      for (let j = 0; j < width; j++) {
        const away = row[j] - theta[k * width + j];
        terms[j] = away * away / variance[k * width + j];
      }
      out[k] = offset[k] - 0.5 * pairwiseSum(terms);
    }
  },

  mean(row, out, { members, share, start, present }, texts) {
    out.fill(0);
    for (let j = 0; j < members.length; j++) {
      const scores = run(members[j], row, texts);
      for (let k = 0; k < scores.length; k++) out[present[start[j] + k]] += share[j] * scores[k];
    }
  },

  divide(row, out, { by }) {
    for (let k = 0; k < out.length; k++) out[k] = row[k] / by;
  },

  sigmoid(row, out, { slope }) {
    out[1] = 1 / (1 + Math.exp(-slope * row[0]));
    out[0] = 1 - out[1];
  },

  softmax(row, out) {
    let top = row[0];
    for (let k = 1; k < row.length; k++) top = row[k] > top ? row[k] : top;
    for (let k = 0; k < row.length; k++) out[k] = Math.exp(row[k] - top);
    const total = pairwiseSum(out);
    for (let k = 0; k < row.length; k++) out[k] /= total;
  },

  log_odds(row, out, { first, second, intercept }) {
    for (let k = 0; k < intercept.length; k++) {
      const p = between(row[intercept.length === 1 ? 1 : k], 1e-9, 1 - 1e-9);
      out[k] = 1 / (1 + Math.exp(-(first[k] * Math.log(p) - second[k] * Math.log1p(-p) + intercept[k])));
    }
  },

  isotonic(row, out, { start, x, y }) {
    const count = start.length - 1;
    for (let k = 0; k < count; k++) out[k] = onLines(row[count === 1 ? 1 : k], x, y, start[k], start[k + 1]);
  },

  temperature(row, out, { power }) {
    for (let k = 0; k < row.length; k++) out[k] = Math.log(row[k] > 1e-9 ? row[k] : 1e-9) * power;
  },

  of_two(row, out) {
    out[0] = 1 - row[0];
    out[1] = row[0];
  },

  shares(row, out) {
    const total = pairwiseSum(row);
    for (let k = 0; k < row.length; k++) out[k] = total > 0 ? row[k] / total : 1 / row.length;
  },

  spread(row, out, { present }) {
    out.fill(0);
    for (let j = 0; j < present.length; j++) out[present[j]] = row[j];
  },
};

/** The next node, or a leaf as a place below 0; nodes compare ranks, and nothing is guessed. */
function below(at, nodes, codes) {
  const node = at << 2;
  return nodes[node + 2 + ((nodes[node + 1] - codes[nodes[node]]) >>> 31)];
}

/** What the nodes of trees compare: the rank of each number among the thresholds of its column, and sets of levels. */
function codesOf(row, { features, start, edges, slots, blanks, set_features, set_slots, set_levels, set_start, set_rows,
                        ranks, codes }) {
  for (let j = 0; j < features.length; j++) ranks[j] = countBelow(edges, row[features[j]], start[j], start[j + 1]);
  for (let j = 0; j < slots.length; j++)
    codes[j] = Number.isNaN(row[features[slots[j]]]) ? blanks[j] : ranks[slots[j]];
  for (let j = 0; j < set_features.length; j++) {
    const cell = row[set_features[j]], count = set_slots[j + 1] - set_slots[j];
    const line = set_start[j] + count * (cell >= 0 && cell < set_levels[j] ? Math.trunc(cell) : set_levels[j]);
    for (let k = 0; k < count; k++) codes[set_slots[j] + k] = set_rows[line + k];
  }
  return codes;
}

/** Call kernels one after the other. Each has a place of its own for what comes out. */
function run(program, row, texts) {
  for (const call of program) {
    call.kernel(row, call.out, call.constants, texts);
    row = call.out;
  }
  return row;
}
