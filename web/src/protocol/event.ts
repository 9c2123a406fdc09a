// What streams carry: `shared-protocol/src/event/mod.rs`. Unknown events are ignored, and count for the position all the same.

import type { DeletedBy, Member, Mentions, Message, Presence, User } from "./entity";

export type GapReason = "purged" | "too-far" | "epoch" | "unknown";
export type EndCode =
  | "left"
  | "kicked"
  | "banned"
  | "suspended"
  | "channel-deleted"
  | "server-deleted"
  | "access-lost"
  | "session-ended"
  | "unknown";

/** A message as far as unread counts need it. */
export interface ActivityMessage {
  id: string;
  seq: number;
  author_id: string;
  mentions: Mentions;
}

export type Body =
  | { event: "message.created" | "message.updated"; message: Message; referenced?: Message }
  | { event: "message.deleted"; messages: { id: string; seq: number }[]; by: DeletedBy }
  | { event: "history.purged"; through: number }
  | { event: "member.joined"; member: Member; user: User }
  | ({ event: "member.updated" } & Member)
  | { event: "member.removed"; user_id: string }
  | { event: "server.joined" | "server.left"; server_id: string }
  | { event: "server.updated" | "server.deleted" }
  | { event: "channel.created" | "channel.updated" | "channel.deleted" }
  | { event: "category.created" | "category.updated" | "category.deleted" }
  | { event: "role.created" | "role.updated" | "role.deleted" }
  | { event: "typing.started"; user_id: string }
  | { event: "presence.changed"; user_id: string; status: Presence }
  | { event: "user.updated"; user: User }
  | {
      event: "channel.activity";
      channel_id: string;
      after: number;
      head: number;
      created?: ActivityMessage[];
      deleted?: number[];
    }
  | { event: "read_state.changed"; channel_id: string; read_seq: number; read_version: number }
  | { event: "session.expiring"; expires_at: string }
  | { event: "gap"; from: number; to: number; reason: GapReason }
  | { event: "skip"; from: number; to: number }
  | { event: "ended"; code: EndCode }
  | { event: "unknown" };

export type Envelope = Body & {
  version: number;
  stream: string;
  epoch?: string;
  seq?: number;
  actor_id?: string;
};
