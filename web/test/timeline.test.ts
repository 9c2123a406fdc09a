import { expect, test } from "vitest";
import { Ranges } from "../src/chat/ranges";
import { Timeline } from "../src/chat/timeline";
import { EPOCH, created, message, page } from "./support";

const shape = (timeline: Timeline) =>
  timeline.entries.map((entry) => (entry.kind === "gap" ? `${entry.hole.from}-${entry.hole.to}` : entry.message.seq));

test("ranges that touch become one, and holes are found", () => {
  const ranges = new Ranges();
  ranges.add(5, 6);
  ranges.add(1, 2);
  ranges.add(10, 12);
  expect(ranges.holes(1, 15)).toEqual([{ from: 3, to: 4 }, { from: 7, to: 9 }, { from: 13, to: 15 }]);
  ranges.add(3, 9);
  expect(ranges.holes(1, 12)).toEqual([]);
  ranges.add(9, 8);
  expect(ranges.has(13)).toBe(false);
});

test("what is not loaded is a row that names the page which fills it", () => {
  const timeline = new Timeline();
  timeline.take(page(8, 9, 9));
  expect(shape(timeline)).toEqual(["1-7", 8, 9]);
  expect(timeline.filler({ from: 1, to: 7 })).toEqual({ before: 8 });
  timeline.take(page(1, 7, 9));
  expect(shape(timeline)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("an empty channel is loaded all the same", () => {
  const timeline = new Timeline();
  expect(timeline.isLoaded).toBe(false);
  timeline.take({ ...page(1, 0, 0), covers: { from: 1, to: 0 } });
  expect([timeline.isLoaded, shape(timeline)]).toEqual([true, []]);
});

test("a gap in the stream stays a row until it is filled", () => {
  const timeline = new Timeline();
  timeline.take(page(1, 2, 2));
  timeline.lack(9);
  timeline.apply(created(10));
  expect(shape(timeline)).toEqual([1, 2, "3-9", 10]);
  timeline.take(page(6, 9, 10));
  expect(shape(timeline)).toEqual([1, 2, "3-5", 6, 7, 8, 9, 10]);
});

test("skipped places are no hole", () => {
  const timeline = new Timeline();
  timeline.take(page(1, 1, 1));
  timeline.pass(2, 5);
  timeline.apply(created(6));
  expect(shape(timeline)).toEqual([1, 6]);
});

test("a deletion takes the text, and an older version never comes back", () => {
  const timeline = new Timeline();
  timeline.take(page(1, 2, 2));
  const messages = [{ id: "m2", seq: 2 }];
  const place = { version: 1, stream: "channel/c", epoch: EPOCH, seq: 3 };
  timeline.apply({ event: "message.deleted", messages, by: "moderator", ...place });
  expect(timeline.find("m2")).toMatchObject({ content: "", deleted_by: "moderator" });
  timeline.take(page(2, 2, 3));
  expect(timeline.find("m2")?.content).toBe("");
});

test("an edit inside of a hole comes with the hole", () => {
  const timeline = new Timeline();
  timeline.take(page(5, 6, 6));
  const edited = { ...message(2), content: "edited", revision: 7 };
  timeline.apply({ event: "message.updated", message: edited, version: 1, stream: "channel/c", epoch: EPOCH, seq: 7 });
  expect(shape(timeline)).toEqual(["1-4", 5, 6]);
});

test("what was purged is gone, and no hole", () => {
  const timeline = new Timeline();
  timeline.take(page(1, 9, 9));
  timeline.purge(7);
  expect(shape(timeline)).toEqual([8, 9]);
});

test("another numbering begins anew", () => {
  const timeline = new Timeline();
  timeline.take(page(1, 9, 9));
  timeline.take({ ...page(1, 2, 2), epoch: "0000000000000100" });
  expect(shape(timeline)).toEqual([1, 2]);
});
