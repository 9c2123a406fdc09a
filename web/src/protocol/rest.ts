// Bodies of REST answers, and problems: `shared-protocol/src/{rest,problem}.rs`.

import type { Category, Channel, Member, Message, Permission, Presence, Role, Server, User } from "./entity";

export interface Page<T> {
  items: T[];
  next?: string;
}

export interface WellKnown {
  issuer: string;
  clients: { web: string };
  server: string[];
  chat: string[];
}

export interface ServerDetail extends Server {
  channels: Channel[];
  categories: Category[];
  roles: Role[];
  member?: Member;
  permissions: Permission[];
  channel_permissions: { channel_id: string; permissions: Permission[] }[];
  epoch: string;
  seq: number;
}

export interface MemberDetail extends Member {
  user: User;
}

export interface InvitePreview {
  code: string;
  name: string;
  description: string;
  member_count: number;
  inviter: string;
}

export interface HistoryPage {
  items: Message[];
  referenced: Message[];
  epoch: string;
  head: number;
  purged_through: number;
  covers: { from: number; to: number };
}

export interface ReadState {
  channel_id: string;
  read_seq: number;
  version: number;
  head: number;
  unread: number;
  mentions: number;
}

export interface UserPresence {
  user_id: string;
  status: Presence;
}

export interface Problem {
  status: number;
  code: string;
  detail: string;
  retry_after?: number;
}

/** The body of a refusal on `/user/queue/replies`. */
export interface Reply {
  receipt_id?: string;
  code: string;
  detail: string;
  retry_after?: number;
}
