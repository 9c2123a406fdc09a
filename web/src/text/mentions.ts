// Names as people type them, ids as the wire carries them. `@ada` and `#general` become ids on the way out, and names again when the
// message is edited. Inside code nothing is touched, as the service counts nothing there.

import type { ServerState } from "../chat/servers";
import { codeRanges } from "./code";
import type { Names } from "./markdown";

/** Something that can be named. */
export interface Named {
  /** How it is typed: `@ada`, `#general`. */
  typed: string;
  /** How the wire carries it. */
  wire: string;
  /** What helps to recognize it. */
  hint: string;
}

/** Everything that can be named in a server: people, roles, channels, everyone. */
export function nameable(server: ServerState): Named[] {
  const people = [...server.members.values()].map(({ user, nickname }) => ({
    typed: `@${user.username}`,
    wire: `<@${user.id}>`,
    hint: nickname ?? user.display_name,
  }));
  const roles = server.detail.roles
    .filter((role) => role.id !== server.id && (role.mentionable || server.may("MENTION_EVERYONE")))
    .map((role) => ({ typed: `@${role.name}`, wire: `<@&${role.id}>`, hint: "role" }));
  const channels = server.channels.map(({ id, name, topic }) => ({ typed: `#${name}`, wire: `<#${id}>`, hint: topic }));
  const everyone = { typed: "@everyone", wire: "@everyone", hint: "everybody who can read this channel" };
  return [...people, ...roles, ...channels, ...(server.may("MENTION_EVERYONE") ? [everyone] : [])];
}

const TYPED = /(?<![\p{L}\p{N}_<&])[@#][\p{L}\p{N}\p{M}\p{S}._-]+/gu;
const TOKEN = /<([@#][^<>\s]{1,40})>/g;

/** Turns typed names into ids. */
export function toWire(text: string, known: Named[]): string {
  const wires = new Map(known.map(({ typed, wire }) => [typed.toLowerCase(), wire]));
  return outsideCode(text, (part) =>
    part.replace(TYPED, (found) => {
      // A stop at the end of a sentence is no part of a name.
      for (let name = found; name.length > 1; name = name.slice(0, -1)) {
        const wire = wires.get(name.toLowerCase());
        if (wire !== undefined) return wire + found.slice(name.length);
        if (!/[._-]$/.test(name)) break;
      }
      return found;
    }),
  );
}

/** Turns ids into names that `toWire` turns back. */
export function fromWire(text: string, known: Named[]): string {
  const names = new Map(known.map(({ typed, wire }) => [wire, typed]));
  return outsideCode(text, (part) => part.replace(TOKEN, (found) => names.get(found) ?? found));
}

/** What mentions look like to a reader. */
export function namesFor(server: ServerState, me: string): Names {
  return (token) => {
    if (token === "@everyone") return { text: token, me: true };
    if (token.startsWith("@&")) {
      const role = server.role(token.slice(2));
      const mine = server.myRoles.includes(token.slice(2));
      return role && { text: `@${role.name}`, me: mine };
    }
    const id = token.slice(1);
    if (token.startsWith("@")) {
      const name = server.nameOf(id);
      return name === "" ? undefined : { text: `@${name}`, me: id === me };
    }
    const channel = token.startsWith("#") ? server.channel(id) : undefined;
    return channel && { text: `#${channel.name}`, me: false };
  };
}

/** The name that is being typed before the cursor: where its sign stands, and the letters so far. */
export function unfinished(text: string, cursor: number): { from: number; typed: string } | undefined {
  const found = /(?:^|\s)([@#]\S{0,63})$/.exec(text.slice(Math.max(0, cursor - 65), cursor));
  return found?.[1] === undefined ? undefined : { from: cursor - found[1].length, typed: found[1] };
}

/** Changes what is not code, and copies the rest. */
function outsideCode(text: string, change: (part: string) => string): string {
  let out = "";
  let at = 0;
  for (const code of codeRanges(text)) {
    out += change(text.slice(at, code.from)) + text.slice(code.from, code.to);
    at = code.to;
  }
  return out + change(text.slice(at));
}
