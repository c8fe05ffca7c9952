// The JavaScript reader as a program, for Node.js 20 or later; the same commands as mesic_device.py.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, renameSync,
  statSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { answerLine, open, load, update, Broken, Refused } from "./mesic_device.js";

const USAGE = `\
mesic_device_cli.js answer WHERE   rows on stdin, JSON lines; WHERE is a file or a folder that update has made
mesic_device_cli.js update FOLDER FILE [--force]
mesic_device_cli.js show WHERE
  --key=KEY          a public key that is trusted, in base 64; give it once or more
  --today=DAY        stands for the clock
  --summary=FILE     behind answer: counts, and no value of any row
`;
const TEMPORARY = ".fresh-";

/** A folder as a store, as mesic_device.py keeps it; each file is always whole, whenever the power fails. */
export function folderStore(folder) {
  return {
    get(name) {
      try {
        return readFileSync(join(folder, name));
      } catch (error) {
        if (error.code === "ENOENT") return undefined;
        throw error;
      }
    },
    set(name, bytes) {
      mkdirSync(folder, { recursive: true });
      for (const left of readdirSync(folder)) if (left.startsWith(TEMPORARY)) unlinkSync(join(folder, left));
      const fresh = join(folder, `${TEMPORARY}${process.pid}`), file = openSync(fresh, "w");
      writeFileSync(file, bytes);
      fsyncSync(file);
      closeSync(file);
      renameSync(fresh, join(folder, name));
      if (process.platform === "win32") return;
      const home = openSync(folder, "r");
      fsyncSync(home);
      closeSync(home);
    },
  };
}

function put(text) {
  for (let bytes = Buffer.from(text); bytes.length;) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error; // the pipe is full
    }
  }
}

async function modelOf(where, keys) {
  const model = statSync(where).isDirectory() ? await load(folderStore(where), { keys })
    : await open(readFileSync(where), { keys });
  if (model.note) process.stderr.write(`mesic_device: ${model.note}\n`);
  return model;
}

async function answer([where], { keys, today, summary }) {
  const model = await modelOf(where, keys);
  model.refuseExpired(today);
  let refused = 0;
  for (const line of readFileSync(0, "utf8").split("\n")) {
    if (!line.trim()) continue;
    const told = answerLine(model, line, today);
    put(told.text + "\n");
    refused += told.isRefused;
  }
  if (summary) writeFileSync(summary, JSON.stringify(model.summary(), null, 1) + "\n");
  return refused ? 3 : 0;
}

async function take([folder, file], { keys, today, force }) {
  put(JSON.stringify((await update(folderStore(folder), readFileSync(file), { keys, today, force })).facts) + "\n");
  return 0;
}

async function show([where], { keys }) {
  put(JSON.stringify((await modelOf(where, keys)).facts) + "\n");
  return 0;
}

const COMMANDS = { answer: [answer, 1], update: [take, 2], show: [show, 1] };

async function main(words) {
  const options = { keys: [], force: false }, rest = [];
  for (const word of words) {
    const [name, ...value] = word.split("="), text = value.join("=");
    if (name === "--key") options.keys.push(text);
    else if (name === "--today") options.today = Date.parse(`${text}T00:00:00Z`) / 86400000;
    else if (name === "--summary") options.summary = text;
    else if (word === "--force") options.force = true;
    else rest.push(word);
  }
  const [command, count] = COMMANDS[rest[0]] ?? [];
  const isClear = command && rest.length === count + 1 && !rest.some(word => word.startsWith("--"));
  if (!isClear || Number.isNaN(options.today)) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    return await command(rest.slice(1), options);
  } catch (error) {
    if (!(error instanceof Broken || error instanceof Refused || error.code)) throw error;
    process.stderr.write(`mesic_device: ${error.message}\n`);
    return 1;
  }
}

const isProgram = existsSync(process.argv[1] ?? "") && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isProgram) process.exitCode = await main(process.argv.slice(2));
