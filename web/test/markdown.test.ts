import { expect, test } from "vitest";
import { parse, type Names, type Run } from "../src/text/markdown";

const names: Names = (token) => (token === "@u1" ? { text: "@ada", me: false } : undefined);

const looks = (run: Run) => [run.kind, run.bold && "bold", run.italic && "italic"].filter(Boolean).join(" ");

/** The runs of a text of one block, as `look:text`. */
function runs(text: string): string[] {
  const [block] = parse(text, names);
  return block && block.kind !== "code" ? block.runs.map((run) => `${looks(run)}:${run.text}`) : [];
}

function links(text: string): string[] {
  return parse(text, names).flatMap((block) => (block.kind === "code" ? [] : block.runs))
    .flatMap((run) => (run.kind === "link" ? [run.href] : []));
}

test("marks become faces, and stay text where they mean nothing", () => {
  expect(runs("a **b** *c* _d_")).toEqual(["plain:a ", "plain bold:b", "plain: ", "plain italic:c", "plain: ", "plain italic:d"]);
  expect(runs("**b *i* b**")).toEqual(["plain bold:b ", "plain bold italic:i", "plain bold: b"]);
  expect(runs("2 * 3 * 4")).toEqual(["plain:2 * 3 * 4"]);
  expect(runs("snake_case_name").join("")).toBe("plain:snake_case_name");
  expect(runs("\\*not\\*").map((run) => run.slice(6)).join("")).toBe("*not*");
});

test("code is code, whatever stands in it", () => {
  expect(runs("`**a** <@u1>`")).toEqual(["code:**a** <@u1>"]);
  expect(runs("``a ` b``")).toEqual(["code:a ` b"]);
  expect(parse("```js\nlet x = `1`;\n```\nafter", names)).toMatchObject([
    { kind: "code", text: "let x = `1`;" },
    { kind: "text" },
  ]);
});

test("quotes are blocks", () => {
  expect(parse("> a\n> b\nc", names).map(({ kind }) => kind)).toEqual(["quote", "text"]);
});

test("mentions get names, and unknown ones stay text", () => {
  expect(runs("<@u1> <@u2>")).toEqual(["mention:@ada", "plain: <@u2>"]);
});

test("links are http, https or mailto, and nothing else", () => {
  expect(links("see https://example.org/a_b(c), ok")).toEqual(["https://example.org/a_b(c)"]);
  expect(links("(http://example.org/x).")).toEqual(["http://example.org/x"]);
  expect(links("mailto:ada@example.org")).toEqual(["mailto:ada@example.org"]);
  const bad = [
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "[x](javascript:alert(1))",
    "data:text/html,<script>alert(1)</script>",
    "https://user:password@example.org/",
    "https://",
    "http://[",
    "xhttps://example.org",
  ];
  for (const text of bad) expect(links(text), text).toEqual([]);
});

test("markup is text", () => {
  expect(runs("<script>alert(1)</script>")).toEqual(["plain:<script>alert(1)</script>"]);
});

test("nothing is lost: without marks the text comes back whole", () => {
  for (const text of ["a\n\nb", "<", "@everyone", "`", "``` x", "***", "\\", "http:", "💬 ok"]) {
    const [block] = parse(text, names);
    expect(block?.kind === "text" && block.runs.map((run) => run.text).join(""), text).toBe(text);
  }
});

test("64 KiB of anything render in the blink of an eye", () => {
  const pieces = ["[", "*", "_", "`", ">", "<", "@", "**a", "` ``", "> ", "```\n", "http://", "-http://[", "<@", "\\", "*a _b "];
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(65_536 / piece.length));
    const before = performance.now();
    parse(text, names);
    expect(performance.now() - before, piece).toBeLessThan(500);
  }
});
