// Updates: the new file is verified before anything is switched, the previous one is kept.
//
// A store has `get(name)`, a Uint8Array or nothing, and `set(name, bytes)`, both of them may return promises. A `set`
// that is cut off may leave half a file: it is refused then, and the other one answers.

const CURRENT = "current.mesic", PREVIOUS = "previous.mesic";

/** The model of a store: the current one or, where that is broken, the previous one; `model.note` says why. */
async function load(store, { keys = [] } = {}) {
  const why = [];
  for (const name of [CURRENT, PREVIOUS]) {
    const { model, error } = await tried(store, name, keys);
    if (!model) {
      why.push(`${name}: ${error}`);
      continue;
    }
    model.note = why.length ? `${name} answers, for ${why.join("; ")}` : null;
    return model;
  }
  throw new Broken(`the store holds no model that can be opened: ${why.join("; ")}`);
}

/**
 * Let a store answer by a new file; return its model.
 *
 * Verified are digest, signature, format, last day, its own test, and that its serial is not below that of the current
 * or previous file (unless `force`). Throws Broken or Expired; the store then is as it was.
 */
async function update(store, content, { keys = [], force = false, today = Date.now() / MS_A_DAY } = {}) {
  const bytes = new Uint8Array(content).slice(), fresh = await open(bytes, { keys });
  fresh.refuseExpired(today);
  const now = await tried(store, CURRENT, keys), before = await tried(store, PREVIOUS, keys);
  const newest = Math.max(now.model?.facts.serial ?? 0, before.model?.facts.serial ?? 0);
  if (fresh.facts.serial < newest && !force)
    throw new Broken(`this file has serial ${fresh.facts.serial}, and ${newest} was here: an older one is not taken`);
  if (now.model?.facts.digest === fresh.facts.digest) return fresh;
  if (now.model) await store.set(PREVIOUS, now.bytes);
  await store.set(CURRENT, bytes);
  return fresh;
}

async function tried(store, name, keys) {
  try {
    const bytes = await store.get(name);
    if (!bytes) return { error: "it is not there" };
    return { bytes, model: await open(bytes, { keys }) };
  } catch (error) {
    return { error: error.message };
  }
}

/** A store in the browser, which outlives the page; each `set` is a transaction: all or nothing. */
function indexedDBStore(name = "mesic") {
  const finished = request => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.oncomplete = () => done();
    request.onerror = request.onabort = () => failed(request.error);
  });
  const files = async mode => {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("files");
    const base = await finished(opening), transaction = base.transaction("files", mode);
    transaction.addEventListener("complete", () => base.close());
    return { transaction, store: transaction.objectStore("files") };
  };
  return {
    async get(key) {
      return finished((await files("readonly")).store.get(key));
    },
    async set(key, bytes) {
      const { transaction, store } = await files("readwrite");
      store.put(bytes, key);
      await finished(transaction);
    },
  };
}

/** A store that lasts as long as the page. */
function memoryStore() {
  const files = new Map();
  return { get: name => files.get(name), set: (name, bytes) => { files.set(name, bytes.slice()); } };
}
