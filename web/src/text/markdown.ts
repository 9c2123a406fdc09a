// The Markdown that chat needs: **bold**, *italics*, `code`, fenced code, quotes, links and mentions, as in the terminal client.
//
// One pass, no recursion, no backtracking: 64 KiB of stars or brackets cost what their length costs. Deliberately absent: HTML,
// headings, lists, tables, images, and labelled links (a label may lie about its target).

import { Backticks, runLength } from "./code";

/** A stretch of text with one look. */
export type Run = { text: string; bold?: boolean; italic?: boolean } & (
  | { kind: "plain" | "code" }
  | { kind: "link"; href: string }
  | { kind: "mention"; me: boolean }
);

export type Block = { kind: "text" | "quote"; runs: Run[] } | { kind: "code"; text: string };

/** Turns what stands between angle brackets (`@…`, `@&…`, `#…`), or `@everyone`, into what is shown. */
export type Names = (token: string) => { text: string; me: boolean } | undefined;

type LineKind = "text" | "quote" | "code" | "fence";

/** Reads content that has been cleaned. */
export function parse(content: string, names: Names): Block[] {
  const blocks: Block[] = [];
  let open: { kind: "text" | "quote" | "code"; lines: string[]; opening: string } | undefined;
  const close = () => {
    if (!open) return;
    const { kind, lines, opening } = open;
    // A fence around nothing is text, or it would be lost.
    if (kind !== "code") blocks.push({ kind, runs: inline(lines.join("\n"), names) });
    else if (lines.length > 0) blocks.push({ kind, text: lines.join("\n") });
    else blocks.push({ kind: "text", runs: [{ kind: "plain", text: opening }] });
    open = undefined;
  };
  for (const line of content.split("\n")) {
    const [kind, text] = classify(line, open?.kind);
    if (kind === "fence") {
      const closes = open?.kind === "code";
      close();
      if (!closes) open = { kind: "code", lines: [], opening: line };
    } else if (open?.kind === kind) {
      open.lines.push(text);
    } else {
      close();
      open = { kind, lines: [text], opening: line };
    }
  }
  close();
  return blocks;
}

/** What a line is, given what is open above it. */
function classify(line: string, open: LineKind | undefined): [LineKind, string] {
  const fence = /^\s*```([^`]*)$/.exec(line);
  if (open === "code") return fence?.[1]?.trim() === "" ? ["fence", ""] : ["code", line];
  // The word behind the opening fence names a language; it is not text.
  if (fence) return ["fence", ""];
  if (line === ">" || line.startsWith("> ")) return ["quote", line.slice(2)];
  return ["text", line];
}

/** An id is 36 characters; whatever is longer is no mention. */
const LONGEST_TOKEN = 48;
const EVERYONE = "@everyone";
const WORD = /[\p{L}\p{N}_]/u;
const PUNCTUATION = /[!-/:-@[-`{-~]/;

const isWord = (character: string | undefined) => character !== undefined && WORD.test(character);
const isBlank = (character: string | undefined) => character === undefined || /\s/.test(character);

/** Reads the marks inside a paragraph. */
export function inline(text: string, names: Names): Run[] {
  return new Inline(text, names).read();
}

class Inline {
  private at = 0;
  private plainFrom = 0;
  private readonly runs: Run[] = [];
  /** Where the opening mark stands in `runs`, while it waits for its partner. */
  private readonly open: { bold?: number; italic?: number } = {};
  private readonly ticks: Backticks;

  constructor(
    private readonly text: string,
    private readonly names: Names,
  ) {
    this.ticks = new Backticks(text);
  }

  read(): Run[] {
    while (this.at < this.text.length) this.step();
    this.flush();
    return this.runs.filter((run) => run.text !== "");
  }

  private step(): void {
    switch (this.text[this.at]) {
      case "`":
        return this.code();
      case "*":
        return this.emphasis(this.text[this.at + 1] === "*" ? "**" : "*");
      case "_":
        return this.emphasis("_");
      case "<":
        return this.mention();
      case "@":
        return this.everyone();
      case "h":
      case "m":
        return this.link();
      case "\\":
        return this.escape();
      default:
        this.at++;
    }
  }

  private flush(): void {
    if (this.plainFrom < this.at) this.runs.push({ kind: "plain", text: this.text.slice(this.plainFrom, this.at) });
    this.plainFrom = this.at;
  }

  /** Puts a run where the next `length` characters stand. */
  private replace(length: number, run: Run): void {
    this.flush();
    this.runs.push(run);
    this.at += length;
    this.plainFrom = this.at;
  }

  private escape(): void {
    if (!PUNCTUATION.test(this.text[this.at + 1] ?? "")) return void this.at++;
    this.flush();
    this.plainFrom = this.at + 1;
    this.at += 2;
  }

  private code(): void {
    const length = runLength(this.text, this.at);
    const end = this.ticks.partner(this.at, length);
    if (end === undefined) return void (this.at += length);
    const inside = this.text.slice(this.at + length, end).replaceAll("\n", " ");
    this.replace(end + length - this.at, { kind: "code", text: inside });
  }

  private emphasis(mark: "**" | "*" | "_"): void {
    const face = mark === "**" ? "bold" : "italic";
    const [before, after] = [this.text[this.at - 1], this.text[this.at + mark.length]];
    const insideWord = mark === "_" && isWord(before) && isWord(after);
    const opened = this.open[face];
    // `_` closes only what `_` opened, and `*` what `*` opened.
    const isPartner = opened !== undefined && this.runs[opened]?.text === mark;
    const isEmpty = opened !== undefined && opened + 1 === this.runs.length && this.plainFrom === this.at;
    if (isPartner && !isBlank(before) && !insideWord && !isEmpty) return this.close(face, opened, mark);
    if (opened === undefined && !isBlank(after) && !insideWord) {
      this.replace(mark.length, { kind: "plain", text: mark });
      this.open[face] = this.runs.length - 1;
    } else {
      this.at += mark.length;
    }
  }

  private close(face: "bold" | "italic", opened: number, mark: string): void {
    this.flush();
    const [opening, ...inside] = this.runs.slice(opened);
    if (opening) opening.text = "";
    for (const run of inside) run[face] = true;
    this.open[face] = undefined;
    this.at += mark.length;
    this.plainFrom = this.at;
  }

  private mention(): void {
    const end = this.text.slice(this.at, this.at + LONGEST_TOKEN).indexOf(">");
    const found = end > 0 ? this.names(this.text.slice(this.at + 1, this.at + end)) : undefined;
    if (found) this.replace(end + 1, { kind: "mention", ...found });
    else this.at++;
  }

  private everyone(): void {
    const behind = this.at + EVERYONE.length;
    const isIt = this.text.startsWith(EVERYONE, this.at) && !isWord(this.text[this.at - 1]) && !isWord(this.text[behind]);
    const found = isIt ? this.names(EVERYONE) : undefined;
    if (found) this.replace(EVERYONE.length, { kind: "mention", ...found });
    else this.at++;
  }

  private link(): void {
    const link = isWord(this.text[this.at - 1]) ? undefined : linkAt(this.text, this.at);
    if (link) this.replace(link.text.length, { kind: "link", ...link });
    else this.at++;
  }
}

/** Longer links stay text, so that a text of nothing but beginnings of links costs what its length costs. */
const LINK = /(?:https?:\/\/|mailto:)[^\s<>"`]{1,2000}/y;
const SAFE = ["http:", "https:", "mailto:"];

/** The link that begins at `at`, without the punctuation that ends a sentence. Its scheme is checked after parsing. */
export function linkAt(text: string, at: number): { text: string; href: string } | undefined {
  LINK.lastIndex = at;
  const whole = LINK.exec(text)?.[0];
  if (whole === undefined) return undefined;
  const enders = whole.includes("(") ? ".,;:!?'*_" : ".,;:!?'*_)";
  let end = whole.length;
  while (enders.includes(whole[end - 1] ?? " ")) end--;
  const found = whole.slice(0, end);
  if (!URL.canParse(found)) return undefined;
  const url = new URL(found);
  const isSafe = SAFE.includes(url.protocol) && url.username === "" && url.password === "";
  return isSafe ? { text: found, href: url.href } : undefined;
}
