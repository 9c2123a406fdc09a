// The servers a person is in: channels, roles, members, presence. Members are patched by events; everything that may change what one
// is allowed to see or do is read again, since only the service resolves permissions.

import type { Rest } from "../net/rest";
import type { Channel, Member, Permission, Presence, Role, Server, User } from "../protocol/entity";
import type { Envelope } from "../protocol/event";
import type { MemberDetail, ServerDetail, UserPresence } from "../protocol/rest";
import { Once } from "./once";

/** Members beyond these are not listed. */
const MOST_MEMBERS = 2000;

export class ServerState {
  readonly members = new Map<string, MemberDetail>();
  readonly presence = new Map<string, Presence>();

  constructor(public detail: ServerDetail) {}

  get id(): string {
    return this.detail.id;
  }

  get name(): string {
    return this.detail.name;
  }

  /** In the order of the list: without a category first, then category by category. */
  get channels(): Channel[] {
    const places = new Map(this.detail.categories.map(({ id, position }) => [id, position]));
    const place = (channel: Channel) => (channel.category_id ? (places.get(channel.category_id) ?? 0) : -1);
    return this.detail.channels.toSorted((a, b) => place(a) - place(b) || a.position - b.position);
  }

  channel(id: string): Channel | undefined {
    return this.detail.channels.find((channel) => channel.id === id);
  }

  role(id: string): Role | undefined {
    return this.detail.roles.find((role) => role.id === id);
  }

  may(permission: Permission, channel?: string): boolean {
    const there = this.detail.channel_permissions.find(({ channel_id }) => channel_id === channel);
    return (channel === undefined ? this.detail.permissions : (there?.permissions ?? [])).includes(permission);
  }

  get myRoles(): string[] {
    return this.detail.member?.role_ids ?? [];
  }

  /** How somebody is called here; empty if that is not known. */
  nameOf(user: string): string {
    const member = this.members.get(user);
    return member ? (member.nickname ?? member.user.display_name) : "";
  }

  statusOf(user: string): Presence {
    return this.presence.get(user) ?? "offline";
  }
}

export class Servers {
  readonly all = new Map<string, ServerState>();
  private readonly refreshes = new Map<string, Once>();

  constructor(
    private readonly rest: { server: Rest; chat: Rest },
    private readonly me: User,
    private readonly changed: () => void,
  ) {}

  /** The server that holds a channel. */
  of(channel: string): ServerState | undefined {
    return [...this.all.values()].find((server) => server.channel(channel));
  }

  /** All channels, in the order of the list. */
  get channels(): Channel[] {
    return [...this.all.values()].flatMap((server) => server.channels);
  }

  /** Reads which servers there are, and those that are new. */
  async list(): Promise<void> {
    const mine = await this.rest.server.all<Server>("/servers", 1000);
    const ids = mine.map(({ id }) => id);
    for (const id of this.all.keys()) if (!ids.includes(id)) this.all.delete(id);
    await Promise.all(ids.filter((id) => !this.all.has(id)).map((id) => this.refresh(id)));
    this.changed();
  }

  /** Reads who is in a server. */
  async loadPeople(id: string): Promise<void> {
    const server = this.all.get(id);
    if (!server) return;
    const [members, presence] = await Promise.all([
      this.rest.server.all<MemberDetail>(`/servers/${id}/members`, MOST_MEMBERS),
      this.rest.chat.get<{ items: UserPresence[] }>(`/servers/${id}/presence`),
    ]);
    server.members.clear();
    for (const member of members) server.members.set(member.user_id, member);
    for (const { user_id, status } of presence.items) server.presence.set(user_id, status);
    this.changed();
  }

  /** Reads channels, roles and permissions again. */
  refresh(id: string): Promise<void> {
    const refresh = this.refreshes.get(id) ?? new Once(() => this.read(id));
    this.refreshes.set(id, refresh);
    return refresh.run();
  }

  /** Takes an event of a server's stream, all but the activity of its channels. */
  apply(id: string, envelope: Envelope): void {
    const server = this.all.get(id);
    if (!server) return;
    switch (envelope.event) {
      case "member.joined":
        server.members.set(envelope.user.id, { ...envelope.member, user: envelope.user });
        break;
      case "member.updated":
        this.patch(server, envelope);
        break;
      case "member.removed":
        server.members.delete(envelope.user_id);
        break;
      case "presence.changed":
        server.presence.set(envelope.user_id, envelope.status);
        break;
      case "user.updated":
        this.rename(envelope.user);
        break;
      default:
        if (/^(server|channel|category|role)\.(created|updated|deleted)$/.test(envelope.event)) {
          void this.refresh(id).catch(() => undefined);
        }
    }
    this.changed();
  }

  private async read(id: string): Promise<void> {
    const detail = await this.rest.server.get<ServerDetail>(`/servers/${id}`);
    const known = this.all.get(id);
    if (known) known.detail = detail;
    else this.all.set(id, new ServerState(detail));
    this.changed();
  }

  private patch(server: ServerState, { user_id, nickname, role_ids }: Member): void {
    const known = server.members.get(user_id);
    if (known) server.members.set(user_id, { ...known, nickname, role_ids });
    if (user_id === this.me.id) void this.refresh(server.id).catch(() => undefined);
  }

  private rename(user: User): void {
    for (const { members } of this.all.values()) {
      const known = members.get(user.id);
      if (known) members.set(user.id, { ...known, user });
    }
  }
}
