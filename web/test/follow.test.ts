import { expect, test } from "vitest";
import { Follower } from "../src/net/follow";
import type { Envelope } from "../src/protocol/event";
import { EPOCH, created } from "./support";

const control = (body: object): Envelope => ({ version: 1, stream: "channel/c", epoch: EPOCH, ...body }) as Envelope;

test("what was had before tells nothing", () => {
  const follower = new Follower({ epoch: EPOCH, after: 4 });
  expect(follower.take(created(4))).toBeUndefined();
  expect(follower.take(created(5))).toMatchObject({ kind: "event" });
  expect(follower.take(created(5))).toBeUndefined();
  expect(follower.place).toEqual({ epoch: EPOCH, after: 5 });
});

test("without a place of its own a follower begins at the head", () => {
  const follower = new Follower();
  follower.opened({ epoch: EPOCH, after: 9 });
  expect(follower.take(created(9))).toBeUndefined();
  follower.opened({ epoch: EPOCH, after: 20 });
  expect(follower.place?.after).toBe(9);
});

test("skips and gaps count as had", () => {
  const follower = new Follower({ epoch: EPOCH, after: 1 });
  expect(follower.take(control({ event: "skip", from: 2, to: 3 }))).toEqual({ kind: "skip", from: 2, to: 3 });
  expect(follower.take(control({ event: "skip", from: 2, to: 3 }))).toBeUndefined();
  const gap = control({ event: "gap", from: 4, to: 90, reason: "too-far" });
  expect(follower.take(gap)).toEqual({ kind: "gap", from: 4, to: 90, reason: "too-far" });
  expect(follower.place?.after).toBe(90);
});

test("another numbering is followed from its own place", () => {
  const follower = new Follower({ epoch: EPOCH, after: 50 });
  follower.take(control({ event: "gap", from: 1, to: 7, reason: "epoch", epoch: "0000000000000100" }));
  expect(follower.place).toEqual({ epoch: "0000000000000100", after: 7 });
});

test("lossy events move nothing", () => {
  const follower = new Follower({ epoch: EPOCH, after: 5 });
  const typing = control({ event: "typing.started", user_id: "lin", epoch: undefined });
  expect(follower.take(typing)).toMatchObject({ kind: "event" });
  expect(follower.place?.after).toBe(5);
});

test("what cannot be read counts as a place that is skipped", () => {
  const follower = new Follower({ epoch: EPOCH, after: 5 });
  expect(follower.pass({ epoch: EPOCH, after: 6 })).toEqual({ kind: "skip", from: 6, to: 6 });
  expect(follower.pass({ epoch: EPOCH, after: 6 })).toBeUndefined();
});
