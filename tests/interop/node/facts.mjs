// What all clients share: facts that are tried one after the other, and told one a line.

import { Buffer } from "node:buffer";

export const url = process.argv[2];

const facts = [];

/** A fact: `check` throws if it is none. */
export const fact = (name, check) => facts.push({ name, check, faulty: false });

/** A fault of the client's own: `check` has to throw, so that we hear when it is mended. */
export const fault = (name, check) => facts.push({ name, check, faulty: true });

/** Waits for a promise, but not for ever. */
export const within = (promise, what, ms = 20000) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`never saw: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** A queue that is filled by callbacks and read by awaiting. */
export class Inbox {
  #items = [];
  #waiting = [];
  push = (item) => {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  };
  next(what = "a message") {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    return within(new Promise((resolve) => this.#waiting.push(resolve)), what);
  }
  get length() {
    return this.#items.length;
  }
}

export const same = (seen, expected, what = "value") => {
  const [left, right] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: saw ${left.slice(0, 200)}, not ${right.slice(0, 200)}`);
};

let number = 0;
/** A name that nobody else uses, on a broker that is shared. */
export const fresh = (kind) => `/${kind}/${process.pid}-${number++}`;

export const octets = (length) => Buffer.from(Array.from({ length }, (_, at) => at % 256));

export const run = async () => {
  let failed = 0;
  for (const { name, check, faulty } of facts) {
    let error;
    try {
      await within(check(), "the end of it", 60000);
    } catch (thrown) {
      error = thrown;
    }
    const good = faulty ? error !== undefined : error === undefined;
    if (!good) failed += 1;
    const why = error ? `: ${error.message ?? error}` : faulty ? ": it works now" : "";
    console.log(`${good ? "ok" : "not ok"} ${faulty ? "fault " : ""}${name}${good && !faulty ? "" : why}`);
  }
  console.log(`${facts.length} facts, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
};
