// Small worlds for the tests.

import type { Message } from "../src/protocol/entity";
import type { Envelope } from "../src/protocol/event";
import type { HistoryPage } from "../src/protocol/rest";

export const EPOCH = "00000000000000ff";

export function message(seq: number, content = `message ${seq}`, author = "ada"): Message {
  return {
    id: `m${seq}`,
    channel_id: "c",
    seq,
    revision: seq,
    nonce: "",
    author: { id: author, kind: "person", name: author },
    content,
    reply_to: null,
    mentions: { users: [], roles: [], everyone: false },
    created_at: "2026-11-25T06:30:00.000Z",
    edited_at: null,
    deleted_at: null,
    deleted_by: null,
  };
}

export function page(from: number, to: number, head: number): HistoryPage {
  const items = Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
  return { items, referenced: [], epoch: EPOCH, head, purged_through: 0, covers: { from, to } };
}

export function created(seq: number, author = "ada"): Envelope {
  return { event: "message.created", message: message(seq, undefined, author), version: 1, stream: "channel/c", epoch: EPOCH, seq };
}
