import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Context } from "../src/chat/context";
import { Reading } from "../src/chat/reading";
import type { ReadState } from "../src/protocol/rest";
import { message, page } from "./support";

const state = (read_seq: number, unread: number): ReadState => ({
  channel_id: "c",
  read_seq,
  version: 0,
  head: 9,
  unread,
  mentions: 0,
});

/** A channel of nine messages, four of them unread, and what the services hear of it. */
function open() {
  const heard: [string, unknown][] = [];
  const rest = {
    get: (path: string) => Promise.resolve(path.startsWith("/read-states") ? { items: [state(5, 4)] } : page(1, 9, 9)),
    put: (path: string, body: unknown) => {
      heard.push([path, body]);
      return Promise.resolve(state(2, 7));
    },
  };
  const session = {
    follow: (topic: string, place: unknown) => heard.push([topic, place]),
    unfollow: () => ({ epoch: "e", after: 9 }),
    hint: (destination: string, body: unknown) => heard.push([destination, body]),
  };
  const context = {
    me: { id: "lin" },
    rest: { server: rest, chat: rest },
    session,
    servers: { of: () => undefined },
    changed: () => undefined,
    complain: (error: unknown) => expect.fail(String(error)),
  };
  return { heard, reading: new Reading(context as unknown as Context, () => undefined) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a channel is followed behind its newest page, and later from where it was left", async () => {
  const { heard, reading } = open();
  reading.follow("c");
  await vi.advanceTimersByTimeAsync(0);
  reading.unfollow("c");
  reading.follow("c");
  expect(heard).toEqual([
    ["/channels/c", { epoch: "00000000000000ff", after: 9 }],
    ["/channels/c", { epoch: "e", after: 9 }],
  ]);
});

test("what was seen is told once, and only forward", async () => {
  const { heard, reading } = open();
  await reading.count();
  for (const seq of [4, 7, 6, 8]) reading.see("c", seq);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(heard).toEqual([["/app/channels/c/read", { seq: 8, version: 0 }]]);
});

test("a channel that was marked unread stays so until it is opened again", async () => {
  const { heard, reading } = open();
  await reading.count();
  reading.see("c", 9);
  await reading.markUnread(message(3));
  reading.see("c", 9);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reading.unread.of("c").unread).toBe(7);
  expect(heard).toEqual([["/read-states/c", { unread_from: 3 }]]);
  reading.follow("c");
  reading.see("c", 9);
  expect(reading.unread.of("c").unread).toBe(0);
});
