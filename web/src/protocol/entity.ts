// The objects that events and answers carry: `shared-protocol/src/event/entity.rs`, as far as this client reads them.

export type UserKind = "person" | "bot" | "webhook" | "unknown";
export type Presence = "online" | "idle" | "offline" | "unknown";
export type DeletedBy = "author" | "moderator" | "ban" | "erasure" | "unknown";

export type Permission =
  | "ADMINISTRATOR"
  | "MANAGE_CHANNELS"
  | "CREATE_INVITE"
  | "VIEW_CHANNEL"
  | "SEND_MESSAGES"
  | "MANAGE_MESSAGES"
  | "MENTION_EVERYONE"
  | (string & {});

export interface User {
  id: string;
  username: string;
  display_name: string;
  kind: UserKind;
}

export interface Server {
  id: string;
  name: string;
  description: string;
  owner_id: string;
}

export interface Category {
  id: string;
  name: string;
  position: number;
}

export interface Channel {
  id: string;
  kind: "text" | "announcement" | "unknown";
  name: string;
  topic: string;
  category_id: string | null;
  position: number;
}

export interface Role {
  id: string;
  name: string;
  colour: string | null;
  position: number;
  mentionable: boolean;
}

export interface Member {
  user_id: string;
  nickname: string | null;
  role_ids: string[];
}

export interface Mentions {
  users: string[];
  roles: string[];
  everyone: boolean;
}

export interface Message {
  id: string;
  channel_id: string;
  seq: number;
  revision: number;
  nonce: string;
  author: { id: string; kind: UserKind; name: string };
  content: string;
  reply_to: { id: string; seq: number; author_id: string } | null;
  mentions: Mentions;
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
  deleted_by: DeletedBy | null;
}
