// Where code stands in a text: a run of n back-ticks up to the next run of exactly n. Linear in the length of the text.

import type { Range } from "../chat/ranges";

/** Where runs of back-ticks start, by their length. */
export class Backticks {
  private readonly runs = new Map<number, { starts: number[]; next: number }>();

  constructor(text: string) {
    for (const { 0: run, index } of text.matchAll(/`+/g)) {
      const same = this.runs.get(run.length);
      if (same) same.starts.push(index);
      else this.runs.set(run.length, { starts: [index], next: 0 });
    }
  }

  /** The next run of exactly `length` behind the one at `start`. Places are asked for in ascending order. */
  partner(start: number, length: number): number | undefined {
    const same = this.runs.get(length);
    if (!same) return undefined;
    while ((same.starts[same.next] ?? Infinity) <= start) same.next++;
    return same.starts[same.next];
  }
}

/** The length of the run of back-ticks at `at`. */
export function runLength(text: string, at: number): number {
  let end = at;
  while (text[end] === "`") end++;
  return end - at;
}

/** The parts of a text that are code: `from` included, `to` not. */
export function codeRanges(text: string): Range[] {
  const ticks = new Backticks(text);
  const ranges: Range[] = [];
  for (let at = text.indexOf("`"); at >= 0; at = text.indexOf("`", at)) {
    const length = runLength(text, at);
    const end = ticks.partner(at, length);
    const to = end === undefined ? at + length : end + length;
    if (end !== undefined) ranges.push({ from: at, to });
    at = to;
  }
  return ranges;
}
