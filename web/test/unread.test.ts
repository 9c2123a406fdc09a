import { expect, test } from "vitest";
import { Outbox } from "../src/chat/outbox";
import { Unread } from "../src/chat/unread";
import { firstNew, isGrouped, windowOf } from "../src/view/window";
import type { Entry } from "../src/chat/timeline";
import { message } from "./support";

const counted = (seq: number) => ({ seq, isMine: false, mentionsMe: seq % 2 === 0 });

test("a message heard of twice counts once, and one's own never", () => {
  const unread = new Unread();
  unread.created("c", counted(4));
  unread.created("c", counted(4));
  unread.created("c", { ...counted(5), isMine: true });
  expect(unread.of("c")).toMatchObject({ unread: 1, mentions: 1, head: 5 });
});

test("reading a part leaves the rest", () => {
  const unread = new Unread();
  for (const seq of [1, 2, 3, 4]) unread.created("c", counted(seq));
  expect(unread.moveTo("c", 2, [counted(1), counted(2)])).toBe(true);
  expect(unread.of("c")).toMatchObject({ unread: 2, mentions: 1 });
  expect(unread.moveTo("c", 1, [])).toBe(false);
  unread.moveTo("c", 4, []);
  expect(unread.of("c")).toMatchObject({ unread: 0, mentions: 0 });
});

test("the outbox lets a message go when the history shows it", () => {
  const outbox = new Outbox();
  const [first, second] = [outbox.push("c", "one"), outbox.push("c", "two")];
  second.state = { kind: "sent", id: "m9" };
  outbox.settle({ ...message(1), nonce: first.nonce }, false);
  expect(outbox.of("c")).toHaveLength(2);
  outbox.settle({ ...message(1), nonce: first.nonce }, true);
  outbox.settle(message(9), true);
  expect(outbox.of("c")).toEqual([]);
});

const entries = (count: number): Entry[] =>
  Array.from({ length: count }, (_, index) => ({ kind: "message", message: message(index + 1) }));

test("the window is as small for a hundred thousand rows as for three hundred", () => {
  for (const count of [300, 100_000]) {
    const { start, end } = windowOf(entries(count), undefined);
    expect([end - start, end]).toEqual([240, count]);
  }
  expect(windowOf(entries(1000), 400)).toEqual({ start: 399, end: 639 });
  expect(windowOf(entries(3), undefined)).toEqual({ start: 0, end: 3 });
});

test("the new line stands before the first unread message of others", () => {
  const rows = entries(10);
  expect(firstNew(rows, 4, "lin")).toBe(5);
  expect(firstNew(rows, 4, "ada")).toBeUndefined();
  expect(firstNew(rows, Infinity, "lin")).toBeUndefined();
});

test("messages of a moment stand under one name", () => {
  const [before] = entries(1);
  const later = { ...message(2), created_at: "2026-11-25T06:36:00.000Z" };
  expect(isGrouped(before, message(2))).toBe(true);
  expect(isGrouped(before, later)).toBe(false);
  expect(isGrouped(before, message(2, "", "lin"))).toBe(false);
});
