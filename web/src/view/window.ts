// Which rows of a list are in the document, and what stands between them.

import type { Entry } from "../chat/timeline";
import type { Message } from "../protocol/entity";

/** Rows in the document at most: of one line each they fill more than the tallest screen and what is near it. */
const ROWS = 240;
/** By so many rows the window moves. */
export const STEP = 50;
/** Messages of one author within that time stand under one name. */
const MOMENT_MS = 5 * 60_000;

/** Where an entry stands; ascending. */
export function place(entry: Entry | undefined): number | undefined {
  return entry?.kind === "gap" ? entry.hole.from : entry?.message.seq;
}

/** The index of the first entry at `seq` or behind it. */
function indexOf(entries: Entry[], seq: number): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((place(entries[middle]) ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The window that begins at the place `top`; without one, the newest rows. */
export function windowOf(entries: Entry[], top: number | undefined): { start: number; end: number } {
  const last = Math.max(0, entries.length - ROWS);
  const start = top === undefined ? last : Math.min(indexOf(entries, top), last);
  return { start, end: Math.min(start + ROWS, entries.length) };
}

/** The place of the first message of others behind `after`. */
export function firstNew(entries: Entry[], after: number, me: string): number | undefined {
  for (let index = indexOf(entries, after + 1); index < entries.length; index++) {
    const entry = entries[index];
    if (entry?.kind === "message" && entry.message.author.id !== me) return entry.message.seq;
  }
  return undefined;
}

/** Whether a message stands under the name of the one before. */
export function isGrouped(before: Entry | undefined, message: Message): boolean {
  if (before?.kind !== "message" || message.reply_to) return false;
  const { author, created_at } = before.message;
  return author.id === message.author.id && Date.parse(message.created_at) - Date.parse(created_at) < MOMENT_MS;
}
