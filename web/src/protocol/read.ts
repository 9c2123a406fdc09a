// The one door for texts of others: every string in an answer or event is cleaned while it is parsed, as
// `shared-protocol/src/text/display.rs` does. A service cleans what it stores; a client does not rely on it.

/** Controls but tab and line feed, and what is invisible or turns text around. */
const DROPPED =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
/** More combining marks than these on one character are not shown. */
const PILE = /(\p{M}{4})\p{M}+/gu;

/** A text that can be shown. */
export function shown(text: string): string {
  return text.replace(/\u2028|\u2029/g, "\n").replace(DROPPED, "").replace(PILE, "$1");
}

/** Parses JSON whose every text can be shown. */
export function read(json: string): unknown {
  return JSON.parse(json, (_, value: unknown) => (typeof value === "string" ? shown(value) : value));
}
