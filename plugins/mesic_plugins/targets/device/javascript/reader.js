// Files are verified and opened; models answer, and count what they answer.

const FORMAT = 1, SUMMARY_FORMAT = 1, PREAMBLE = 16, KEY = 32, SIGNATURE = 64, DIGEST = 32;
const WITHIN = 1e-12, LEAST_ROWS = 20;
const KINDS = { f8: Float64Array, i1: Int8Array, i2: Int16Array, i4: Int32Array };

/** A file that is not opened; the message says why. */
class Broken extends Error {
  constructor(message) {
    super(message);
    this.name = "Broken";
  }
}

/** What a parameter file answers, and how often it answered what. */
class Model {
  #program; #costs; #blanks; #truths; #threshold;

  constructor(head, numbers, digest, signedBy) {
    this.columns = head.columns.map(columnOf);
    this.classes = head.classes;
    this.lastDay = head.last_day;
    const { name, predicts, version, serial, bundle, expires } = head;
    this.facts = { name, predicts, version, serial, bundle, expires, digest, signed_by: signedBy };
    this.note = null;
    this.edges = head.score_edges;
    this.#blanks = new Set(head.blanks);
    this.#truths = new Map(Object.entries(head.truths));
    this.#threshold = head.threshold;
    this.#costs = head.costs === null ? null : numbers.array(head.costs);
    this.#program = numbers.program(head.program, this.columns.length);
    this.forget();
  }

  /**
   * The answer for a row, an object of cells by column name, null for a missing one: `prediction`, and `p_LABEL` for
   * each class. `today` is a number of days since 1970, UTC; by default the clock says it. Throws Refused.
   */
  predict(row, today = Date.now() / MS_A_DAY) {
    this.rows++;
    let cells;
    try {
      this.refuseExpired(today);
      cells = this.cellsOf(row);
    } catch (error) {
      if (error instanceof Refused) this.#countRefused(error);
      throw error;
    }
    const scores = this.scoresOf(cells), code = this.classes.length ? this.decided(scores) : 0;
    this.#count(cells.numbers, scores, code);
    return this.told(scores, code);
  }

  refuseExpired(today = Date.now() / MS_A_DAY) {
    if (this.lastDay === null || Math.floor(today) <= this.lastDay) return;
    const day = new Date(this.lastDay * MS_A_DAY).toISOString().slice(0, 10);
    throw new Expired(`this model expired: its last day was ${day}`, null, "expired");
  }

  cellsOf(row) {
    if (typeof row !== "object" || row === null || Array.isArray(row))
      throw new Refused("a row is an object with a value for each column");
    const numbers = new Float64Array(this.columns.length), texts = [];
    for (let place = 0; place < this.columns.length; place++) {
      const column = this.columns[place], { name } = column;
      const cell = Object.prototype.hasOwnProperty.call(row, name) ? row[name] : undefined;
      if (cell === undefined)
        throw new Refused(`column '${name}' is not given: give null where it is missing`, name, "not_given");
      const read = readCell(column, cell, this.#blanks, this.#truths);
      if (column.reading === "text") {
        texts.push(read);
        numbers[place] = read === null ? NaN : 0;
      } else numbers[place] = read;
    }
    return { numbers, texts };
  }

  scoresOf({ numbers, texts }) {
    return run(this.#program, numbers, texts);
  }

  told(scores, code) {
    if (!this.classes.length) return { prediction: scores[0] };
    const found = { prediction: this.classes[code] };
    for (let k = 0; k < this.classes.length; k++) found["p_" + this.classes[k]] = scores[k];
    return found;
  }

  /** The code of the class that is answered. */
  decided(scores) {
    if (this.#threshold !== null) return scores[1] >= this.#threshold ? 1 : 0;
    let worth = scores;
    if (this.#costs !== null) {
      const size = scores.length;
      worth = new Float64Array(size);
      for (let code = 0; code < size; code++)
        for (let other = 0; other < size; other++) worth[other] -= scores[code] * this.#costs[code * size + other];
    }
    let best = 0;
    for (let place = 0; place < worth.length; place++) {
      if (Number.isNaN(worth[place])) return place;
      if (worth[place] > worth[best]) best = place;
    }
    return best;
  }

  #countRefused({ column, reason }) {
    const own = this.refusals.get(reason) ?? new Map();
    this.refusals.set(reason, own.set(column ?? "", (own.get(column ?? "") ?? 0) + 1));
  }

  #count(numbers, scores, code) {
    for (let place = 0; place < numbers.length; place++) if (Number.isNaN(numbers[place])) this.blank[place]++;
    if (this.classes.length) this.decisions[code]++;
    for (let k = 0; k < this.scores.length; k++) {
      const part = Number.isNaN(scores[k]) ? this.edges.length + 1
        : countAtMost(this.edges, scores[k], 0, this.edges.length);
      this.scores[k][part]++;
    }
  }

  /** Count from zero. */
  forget() {
    this.rows = 0;
    this.refusals = new Map();
    this.blank = this.columns.map(() => 0);
    this.decisions = this.classes.map(() => 0);
    this.scores = Array.from({ length: this.classes.length || 1 }, () => Array(this.edges.length + 2).fill(0));
  }

  /** Counts, and no value of any row; nothing but that, where fewer than `least` rows were counted. */
  summary(least = LEAST_ROWS) {
    const told = { summary: SUMMARY_FORMAT, model: this.facts, least, rows: null };
    if (this.rows < least) return told;
    const refused = [...this.refusals].map(([reason, own]) => [reason, Object.fromEntries(own)]);
    const counts = [...this.refusals.values()].flatMap(own => [...own.values()]);
    const names = this.classes.length ? this.classes.map(label => "p_" + label) : ["prediction"];
    return {
      ...told,
      rows: this.rows,
      answered: this.rows - counts.reduce((sum, count) => sum + count, 0),
      refused: Object.fromEntries(refused),
      blank: Object.fromEntries(this.columns.map(({ name }, place) => [name, this.blank[place]])),
      decisions: Object.fromEntries(this.classes.map((label, code) => [label, this.decisions[code]])),
      score_edges: this.edges,
      scores: Object.fromEntries(names.map((name, k) => [name, [...this.scores[k]]])),
    };
  }
}

function columnOf(told) {
  return {
    name: told.name,
    reading: told.reading,
    cells: told.cells ?? "",
    refuses_misfits: told.refuses_misfits ?? false,
    refuses_missing: told.refuses_missing ?? false,
    low: told.low ?? -Infinity,
    high: told.high ?? Infinity,
    allowed: told.allowed ? new Set(told.allowed) : null,
    levels: new Map((told.levels ?? []).map((level, code) => [level, code])),
  };
}

/**
 * The model of a file's bytes (a Uint8Array or ArrayBuffer), once everything in it is verified.
 *
 * `keys` are the public keys that are trusted, 32 bytes in base 64: where some are given, one of them must have signed.
 * Throws Broken: it is no such file, was altered, needs a newer reader, is not signed as it must be, or answers
 * otherwise here than where it was made.
 */
async function open(content, { keys = [] } = {}) {
  const bytes = new Uint8Array(content).slice(); // nobody else can change it once it is verified
  if (bytes.length < PREAMBLE + KEY + SIGNATURE + DIGEST || textOf(bytes.subarray(0, 8)) !== "MESICDEV")
    throw new Broken("this is no parameter file of mesic");
  const digest = hex(bytes.subarray(-DIGEST));
  if (hex(sha256(bytes.subarray(0, -DIGEST))) !== digest)
    throw new Broken("this file was altered: its digest does not fit");
  const view = new DataView(bytes.buffer), version = view.getUint32(8, true), size = view.getUint32(12, true);
  if (version !== FORMAT)
    throw new Broken(`this file has format ${version}, and this reader reads ${FORMAT}: give it a newer reader`);
  const end = bytes.length - KEY - SIGNATURE - DIGEST;
  const signedBy = await signerOf(bytes.subarray(0, end), bytes.subarray(end, -DIGEST), keys);
  try {
    const head = JSON.parse(textOf(bytes.subarray(PREAMBLE, PREAMBLE + size)));
    const model = new Model(head, new Numbers(bytes, PREAMBLE + size, end, head.arrays), digest, signedBy);
    refuseOtherAnswers(model, head.self_test);
    const [example = []] = head.self_test.rows;
    model.example = Object.fromEntries(model.columns.map(({ name }, place) => [name, example[place] ?? null]));
    return model;
  } catch (error) {
    throw error instanceof Broken ? error : new Broken(`this file cannot be read: ${error.message}`);
  }
}

/** The public key whose signature was verified, in base 64; null where no key is asked for. */
async function signerOf(content, seal, keys) {
  if (!keys.length) return null;
  const key = seal.subarray(0, KEY), signature = seal.subarray(KEY), name = btoa(String.fromCharCode(...key));
  if (seal.every(byte => byte === 0)) throw new Broken("this file is not signed, and a signature is asked for");
  if (!keys.includes(name))
    throw new Broken(`this file is signed by ${name}, which is none of the keys that are trusted`);
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new Broken("no signature can be verified here: open the page over https, or from localhost");
  let owner;
  try {
    owner = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    throw new Broken("no signature can be verified here: this browser does not know Ed25519");
  }
  if (!await subtle.verify({ name: "Ed25519" }, owner, signature, content))
    throw new Broken("this file is not what its key has signed");
  return name;
}

/** The arrays of a file. */
class Numbers {
  constructor(bytes, start, end, table) {
    if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) throw new Broken("this processor is big-endian");
    Object.assign(this, { bytes, start, end, table });
  }

  array(place) {
    const [kind, from, count] = this.table[place], start = this.start + from;
    if (start + count * KINDS[kind].BYTES_PER_ELEMENT > this.end) throw new Broken("this file is shorter than it says");
    return new KINDS[kind](this.bytes.buffer, start, count);
  }

  program(calls, width) {
    return calls.map(call => {
      if (!Object.prototype.hasOwnProperty.call(KERNELS, call.kernel))
        throw new Broken(`this reader has no kernel '${call.kernel}': give it a newer reader`);
      const constants = {};
      for (const [name, told] of Object.entries(call.constants)) constants[name] = this.constant(told, width);
      if (call.kernel === "forest") Object.assign(constants, scratch(constants));
      width = call.width;
      return { kernel: KERNELS[call.kernel], constants, out: new Float64Array(width) };
    });
  }

  constant(told, width) {
    if (typeof told !== "object") return told;
    if ("array" in told) return this.array(told.array);
    if ("nodes" in told) return interleaved(told.nodes.map(place => this.array(place)));
    if ("programs" in told) return told.programs.map(member => this.program(member, width));
    return "whole" in told ? BigInt("0x" + told.whole) : told.texts;
  }
}

/** Nodes of trees, four numbers each: slot, limit, left, right. */
function interleaved(fields) {
  const nodes = new Int32Array(4 * fields[0].length);
  fields.forEach((values, field) => values.forEach((value, node) => { nodes[4 * node + field] = value; }));
  return nodes;
}

/** Room that trees write on. */
function scratch({ features, slots, set_slots }) {
  const last = set_slots.length ? set_slots[set_slots.length - 1] : 0;
  return { ranks: new Int32Array(features.length), codes: new Int32Array(Math.max(slots.length, last)) };
}

function refuseOtherAnswers(model, test) {
  test.rows.forEach((cells, number) => {
    const row = Object.create(null);
    model.columns.forEach(({ name }, place) => { row[name] = cells[place]; });
    const scores = model.scoresOf(model.cellsOf(row)), code = model.classes.length ? model.decided(scores) : 0;
    const given = model.classes.length ? [model.classes[code], ...scores] : [scores[0]], wanted = test.answers[number];
    if (given.length !== wanted.length || !wanted.every((value, place) => isNear(value, given[place])))
      throw new Broken(`this file answers otherwise here than where it was made: row ${number} of its own test`);
  });
}

function isNear(wanted, given) {
  if (typeof wanted === "string") return wanted === given;
  return Math.abs(wanted - given) <= WITHIN * Math.max(1, Math.abs(wanted));
}

/** JSON as Python reads it: what is no number, or beyond all, has a word. */
function written(value) {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, cell]) => `${JSON.stringify(name)}: ${written(cell)}`).join(", ")}}`;
}

/** The answer to a row in JSON, as a line of JSON; a row that is refused has `error`, `column` and `reason`. */
function answerLine(model, line, today) {
  try {
    return { text: written(model.predict(JSON.parse(line), today)), isRefused: false };
  } catch (error) {
    if (error instanceof Expired || !(error instanceof Refused || error instanceof SyntaxError)) throw error;
    const { message, column = null, reason = "unreadable" } = error;
    return { text: written({ error: message, column, reason }), isRefused: true };
  }
}

function textOf(bytes) {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function hex(bytes) {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
}

/** SHA-256 (FIPS 180-4); the browser's own is there on https only. */
function sha256(bytes) {
  const padded = new Uint8Array((bytes.length + 72) & ~63), view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  const state = Uint32Array.from(SQUARE_ROOTS), words = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let j = 0; j < 16; j++) words[j] = view.getUint32(block + 4 * j);
    for (let j = 16; j < 64; j++) {
      const a = words[j - 15], b = words[j - 2];
      words[j] = words[j - 16] + words[j - 7] + (turned(a, 7) ^ turned(a, 18) ^ (a >>> 3))
        + (turned(b, 17) ^ turned(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let j = 0; j < 64; j++) {
      const first = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + CUBE_ROOTS[j]
        + words[j];
      const second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g; g = f; f = e; e = (d + first) | 0; d = c; c = b; b = a; a = (first + second) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, j) => { state[j] += value; });
  }
  const out = new Uint8Array(32), told = new DataView(out.buffer);
  state.forEach((value, j) => told.setUint32(4 * j, value));
  return out;
}

function turned(value, by) {
  return (value >>> by) | (value << (32 - by));
}

const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229,
  233, 239, 241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311];
const SQUARE_ROOTS = PRIMES.slice(0, 8).map(prime => fraction(prime, 2n));
const CUBE_ROOTS = Uint32Array.from(PRIMES, prime => fraction(prime, 3n));

/** The first 32 bits behind the point of a root. */
function fraction(prime, power) {
  const wanted = BigInt(prime) << (32n * power);
  let low = 0n, high = 1n << 40n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** power <= wanted) low = middle;
    else high = middle - 1n;
  }
  return Number(low & 0xFFFFFFFFn);
}
