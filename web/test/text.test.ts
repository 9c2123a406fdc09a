import { expect, test } from "vitest";
import { read, shown } from "../src/protocol/read";
import { fromWire, toWire, unfinished, type Named } from "../src/text/mentions";

const KNOWN: Named[] = [
  { typed: "@ada", wire: "<@1>", hint: "" },
  { typed: "@ada.l", wire: "<@2>", hint: "" },
  { typed: "#général", wire: "<#3>", hint: "" },
];

test("typed names become ids and come back", () => {
  const typed = "@ada and @ada.l. See #général, not @paul or me@ada";
  const wire = toWire(typed, KNOWN);
  expect(wire).toBe("<@1> and <@2>. See <#3>, not @paul or me@ada");
  expect(fromWire(wire, KNOWN)).toBe(typed);
});

test("code is left alone", () => {
  expect(toWire("`@ada` @ada ```\n@ada\n```", KNOWN)).toBe("`@ada` <@1> ```\n@ada\n```");
});

test("the word before the cursor is completed", () => {
  expect(unfinished("hi @ad", 6)).toEqual({ from: 3, typed: "@ad" });
  expect(unfinished("hi ad", 5)).toBeUndefined();
  expect(unfinished("#", 1)).toEqual({ from: 0, typed: "#" });
});

test("no control character is ever shown, and nothing turns the text around", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const text = shown(`a${String.fromCharCode(code)}b`);
    expect(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text), code.toString(16)).toBe(false);
  }
});

test("a pile of marks is cut", () => {
  expect([...shown(`e${"\u0301".repeat(4000)}`)]).toHaveLength(5);
});

test("every text in an answer is cleaned", () => {
  expect(read('{"a":["x\\u202ey"],"b":{"c":"1\\u00002"},"n":1}')).toEqual({ a: ["xy"], b: { c: "12" }, n: 1 });
});
