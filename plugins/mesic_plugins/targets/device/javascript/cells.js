// The cells of a row are read as the bundle reads them.

const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?)$/i;
const WHOLE = /^[+-]?\d+$/;
const CLOCK = /^\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$/;
const MOMENT =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;
// As Python has it.
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const SPACE_AROUND = new RegExp(`^${SPACE}|${SPACE}$`, "g");
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
const MS_A_DAY = 86400000;
const CALENDAR = 100000, FEW = 8; // days from 1970 of which a refusal tells the date, levels that it tells

/** A row that is not answered; `column` and `reason`, one word, say why to programs. */
class Refused extends Error {
  constructor(message, column = null, reason = "unreadable") {
    super(message);
    this.name = "Refused";
    this.column = column;
    this.reason = reason;
  }
}

/** The day after which nothing is answered has passed. */
class Expired extends Refused {}

function trimmed(text) {
  const first = text.charCodeAt(0), last = text.charCodeAt(text.length - 1);
  return first > 32 && first < 128 && last > 32 && last < 128 ? text : text.replace(SPACE_AROUND, "");
}

function quoted(cell) {
  return typeof cell === "bigint" ? String(cell) : JSON.stringify(cell) ?? String(cell);
}

function rangeOf(column) {
  const ends = [column.low, column.high];
  const isTime = column.reading === "time" && ends.every((end) => Math.abs(end) < CALENDAR);
  return ends.map((end) => isTime ? new Date(Math.floor(end) * MS_A_DAY).toISOString().slice(0, 10) : end).join(" to ");
}

function levelsOf(column) {
  const every = [...column.allowed], some = every.slice(0, FEW).map(quoted).join(", ");
  return every.length > FEW ? `${some}, ...` : some;
}

function refusal(column, cell, reason) {
  const said = {
    several_values: () => `holds ${quoted(cell)}: give one value`,
    missing: () => "is missing, which its rule 'missing: forbidden' does not allow",
    moment: () => `holds ${quoted(cell)}, which may be a moment: write it as 2026-01-31T12:00:00Z`,
    misfit: () => `holds ${quoted(cell)}, which is no ${column.reading}`,
    range: () => `holds ${quoted(cell)}, which is outside of its range, ${rangeOf(column)}`,
    level: () => `holds ${quoted(cell)}, which is none of its levels, ${levelsOf(column)}`,
  };
  return new Refused(`column '${column.name}' ${said[reason]()}`, column.name, reason);
}

/** A number, NaN where the cell is missing; a text or null of a column whose letters are read. */
function readCell(column, cell, blanks, truths) {
  const { reading } = column;
  if (typeof cell === "object" && cell !== null || typeof cell === "function" || typeof cell === "symbol")
    throw refusal(column, cell, "several_values");
  const text = typeof cell === "string" ? trimmed(cell) : typeof cell === "bigint" ? Number(cell) : cell;
  if (text === null || (typeof text === "string" ? blanks.has(text) : Number.isNaN(text))) {
    if (column.refuses_missing) throw refusal(column, cell, "missing");
    return reading === "text" ? null : NaN;
  }
  if (reading === "level" || reading === "text") return readLevel(column, text, blanks, truths);
  const value = reading === "number" ? readNumber(text) : reading === "boolean" ? readTruth(text, truths)
    : readMoment(text);
  if (value === null) throw refusal(column, cell, "moment");
  if (Number.isNaN(value) && (column.refuses_misfits || column.refuses_missing)) throw refusal(column, cell, "misfit");
  if (value < column.low || value > column.high) throw refusal(column, cell, "range");
  return value;
}

function readLevel(column, cell, blanks, truths) {
  const text = spelt(cell, column.cells, truths);
  if (blanks.has(text)) return column.reading === "text" ? null : NaN;
  if (column.allowed !== null && !column.allowed.has(text)) throw refusal(column, text, "level");
  return column.reading === "text" ? text : column.levels.get(text) ?? NaN;
}

/** The number that a text tells. */
function numberOf(text) {
  const last = text.charCodeAt(text.length - 1) | 32;
  if (last !== 102 && last !== 121) return Number(text); // it does not end as inf or infinity
  return text[0] === "-" ? -Infinity : Infinity;
}

function readNumber(cell) {
  const value = typeof cell !== "string" ? Number(cell) : NUMBER.test(cell) ? numberOf(cell) : NaN;
  return value === Infinity || value === -Infinity ? NaN : value;
}

function readTruth(cell, truths) {
  if (typeof cell === "string") return truths.get(cell.toLowerCase()) ?? NaN;
  const value = Number(cell);
  return value === 0 || value === 1 ? value : NaN;
}

/** Days since 1970, UTC; NaN for what is no moment, null for what might be one in another spelling. */
function readMoment(cell) {
  if (typeof cell === "boolean") return NaN;
  if (typeof cell !== "string") return null;
  const found = MOMENT.exec(CLOCK.test(cell) ? "1970-01-01T" + cell : cell.replaceAll("/", "-"));
  if (!found) return /^\d{4}/.test(cell) ? null : NaN;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(part => Number(part ?? 0));
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59
      || second > 59) return NaN;
  const seconds = daysSince1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return (seconds - zoneSeconds(found[8]) + Number((found[7] ?? "0").padEnd(9, "0")) / 1e9) / 86400;
}

/** By how much a clock is ahead of UTC. */
function zoneSeconds(zone) {
  if (!zone || zone === "Z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  return (zone[0] === "+" ? 1 : -1) * (Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60);
}

function isLeap(year) {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysIn(year, month) {
  return month === 2 && isLeap(year) ? 29 : DAYS_BEFORE[month] - DAYS_BEFORE[month - 1];
}

function daysSince1970(year, month, day) {
  const before = year - 1, floor = Math.floor;
  const leaps = floor(before / 4) - floor(before / 100) + floor(before / 400) - 477;
  return 365 * (year - 1970) + leaps + DAYS_BEFORE[month - 1] + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
}

/** A cell as a level is spelt: numbers and truths have one spelling each. */
function spelt(cell, cells, truths) {
  if (typeof cell === "boolean") return String(cell);
  if (typeof cell !== "string") return numberText(cell, cell > 0 ? "inf" : "-inf");
  if (cells === "number" && NUMBER.test(cell))
    return WHOLE.test(cell) ? wholeText(cell) : numberText(numberOf(cell), cell);
  if (cells === "boolean" && truths.has(cell.toLowerCase())) return truths.get(cell.toLowerCase()) ? "true" : "false";
  return cell;
}

function wholeText(text) {
  const digits = text.replace(/^[+-]?0*/, "");
  return digits === "" ? "0" : (text[0] === "-" ? "-" : "") + digits;
}

/** The one spelling of a number, which is Python's; 3.0 is 3. */
function numberText(number, otherwise) {
  if (!Number.isFinite(number)) return otherwise;
  if (Number.isInteger(number)) return BigInt(number).toString();
  const [mantissa, power] = number.toExponential().split("e"), exponent = Number(power);
  if (exponent < -4) return `${mantissa}e-${String(-exponent).padStart(2, "0")}`;
  if (exponent >= 0) return String(number); // what is no whole number lies below 2 ** 53
  const digits = mantissa.replace("-", "").replace(".", "");
  return `${number < 0 ? "-" : ""}0.${"0".repeat(-exponent - 1)}${digits}`;
}
