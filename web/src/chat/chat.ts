// What a signed-in person has in front of them: servers, the open channel, and what the streams say of them. `reading` and `writing`
// do what their names say. Streams and answers come in, `changed` goes out; the views read.

import type { Told } from "../net/follow";
import type { Rest } from "../net/rest";
import { Session, type Link } from "../net/session";
import type { Closed, Dial } from "../net/wire";
import { USER_EVENTS, channelTopic, serverTopic } from "../protocol/destination";
import type { Channel, Message, User } from "../protocol/entity";
import type { Envelope } from "../protocol/event";
import type { InvitePreview } from "../protocol/rest";
import { attempt, type Context } from "./context";
import { Reading } from "./reading";
import { Servers, type ServerState } from "./servers";
import type { Timeline } from "./timeline";
import { Typing } from "./typing";
import { Writing } from "./writing";

export interface ChatConfig {
  me: User;
  rest: { server: Rest; chat: Rest };
  dial: Dial;
  token(fresh: boolean): Promise<string>;
  changed(): void;
  /** The sign-in is over. */
  over(why: Closed): void;
  /** A message of somebody else came into the open channel. */
  heard(message: Message): void;
}

/** The open channel. */
export interface Open {
  server: ServerState;
  channel: Channel;
  timeline: Timeline;
  /** The first message that was unread when the channel was opened stands behind this place. */
  newAfter: number;
}

export class Chat {
  readonly servers: Servers;
  readonly reading: Reading;
  readonly writing: Writing;
  readonly typing: Typing;
  link: Link = { state: "connecting" };
  /** What went wrong last, until it is put away. */
  notice = "";
  isLoaded = false;
  private readonly session: Session;
  private readonly context: Context;
  private openId?: string;
  private newAfter = 0;

  constructor(private readonly config: ChatConfig) {
    const { me, rest, dial, token, changed, over } = config;
    this.servers = new Servers(rest, me, changed);
    this.typing = new Typing(changed);
    this.session = new Session({
      dial,
      token,
      events: {
        link: (link) => this.onLink(link),
        told: (topic, told) => this.onTold(topic, told),
        refused: (topic) => this.onRefused(topic),
        over,
      },
    });
    const complain = (error: unknown) => this.complain(error);
    this.context = { me, rest, session: this.session, servers: this.servers, changed, complain };
    this.reading = new Reading(this.context, (messages) => messages.forEach((message) => this.settle(message)));
    this.writing = new Writing(this.context, this.reading);
  }

  get me(): User {
    return this.config.me;
  }

  /** Connects, and opens the wanted channel, or the first. */
  async start(wanted: string): Promise<void> {
    this.session.follow(USER_EVENTS);
    this.session.connect();
    await Promise.all([this.listServers(), this.reading.count()]);
    this.isLoaded = true;
    const channel = this.servers.of(wanted) ? wanted : this.servers.channels[0]?.id;
    if (channel !== undefined) this.openChannel(channel);
    this.config.changed();
  }

  /** The network came back, or the computer woke up. */
  reconnect(): void {
    this.session.reconnect();
  }

  /** The network went away. */
  lost(): void {
    this.session.lost();
  }

  get open(): Open | undefined {
    const id = this.openId ?? "";
    const server = this.servers.of(id);
    const channel = server?.channel(id);
    return server && channel && { server, channel, timeline: this.reading.timeline(id), newAfter: this.newAfter };
  }

  openChannel(id: string): void {
    if (id === this.openId) return;
    if (this.openId !== undefined) this.reading.unfollow(this.openId);
    this.openId = id;
    const { unread } = this.reading;
    this.newAfter = unread.knows(id) ? unread.of(id).read_seq : Infinity;
    this.reading.follow(id);
    const server = this.servers.of(id);
    if (server?.members.size === 0) void attempt(this.context, () => this.servers.loadPeople(server.id));
    this.config.changed();
  }

  async markUnread(message: Message): Promise<void> {
    await this.reading.markUnread(message);
    this.newAfter = message.seq - 1;
  }

  // Servers.

  preview(code: string): Promise<InvitePreview> {
    return this.config.rest.server.get(`/invites/${encodeURIComponent(code)}`);
  }

  async join(code: string): Promise<void> {
    const path = `/invites/${encodeURIComponent(code)}`;
    const { server } = await this.config.rest.server.post<{ server: { id: string } }>(path);
    await this.enter(server.id);
  }

  async createServer(name: string): Promise<void> {
    const { id } = await this.config.rest.server.post<{ id: string }>("/servers", { name });
    await this.enter(id);
  }

  /** Makes an invite and answers its link. */
  async invite(server: string): Promise<string> {
    const { code } = await this.config.rest.server.post<{ code: string }>(`/servers/${server}/invites`);
    return `${location.origin}/join/${code}`;
  }

  dismiss(): void {
    this.notice = "";
    this.config.changed();
  }

  private complain(error: unknown): void {
    this.notice = error instanceof Error ? error.message : String(error);
    this.config.changed();
  }

  private settle(message: Message): void {
    this.writing.outbox.settle(message, message.author.id === this.me.id);
  }

  private async listServers(): Promise<void> {
    await attempt(this.context, async () => {
      await this.servers.list();
      for (const { id, detail } of this.servers.all.values()) {
        this.session.follow(serverTopic(id), { epoch: detail.epoch, after: detail.seq });
      }
    });
  }

  private async enter(server: string): Promise<void> {
    await Promise.all([this.listServers(), this.reading.count()]);
    const first = this.servers.all.get(server)?.channels[0];
    if (first) this.openChannel(first.id);
  }

  private onLink(link: Link): void {
    this.link = link;
    // Counts and presence are state, not a log: they are read again.
    if (link.state === "online" && this.isLoaded) {
      const { open } = this;
      void this.reading.count();
      if (open) void attempt(this.context, () => this.servers.loadPeople(open.server.id));
    }
    this.config.changed();
  }

  private onTold(topic: string, told: Told): void {
    const [, kind, id = ""] = topic.split("/");
    if (kind === "channels") this.onChannel(id, told);
    else if (kind === "servers") this.onServer(id, told);
    else this.onMine(told);
    this.config.changed();
  }

  private onChannel(id: string, told: Told): void {
    const timeline = this.reading.timeline(id);
    switch (told.kind) {
      case "event":
        return this.onChannelEvent(id, told.envelope);
      case "skip":
        return timeline.pass(told.from, told.to);
      case "ended":
        return this.lose(id);
      case "gap":
        if (told.reason === "purged") return timeline.purge(told.to);
        // The hole is a row from now on; what is behind it comes live.
        if (told.reason === "epoch") timeline.reset();
        else timeline.lack(told.to);
        return void this.reading.load(id, { latest: true }).then(() => this.reading.count());
    }
  }

  private onChannelEvent(id: string, envelope: Envelope): void {
    if (envelope.event === "typing.started") {
      if (envelope.user_id !== this.me.id) this.typing.add(id, envelope.user_id);
      return;
    }
    this.reading.timeline(id).apply(envelope);
    if (envelope.event !== "message.created") return;
    const { message } = envelope;
    this.settle(message);
    this.typing.remove(id, message.author.id);
    this.reading.arrived(message);
    if (message.author.id !== this.me.id) this.config.heard(message);
  }

  private onServer(id: string, told: Told): void {
    switch (told.kind) {
      case "event":
        if (told.envelope.event !== "channel.activity") return this.servers.apply(id, told.envelope);
        return this.reading.heardOf(told.envelope, told.envelope.channel_id === this.openId);
      case "skip":
        return;
      case "gap":
        return void attempt(this.context, async () => {
          await this.servers.refresh(id);
          await this.servers.loadPeople(id);
        });
      case "ended":
        this.notice = `You are no longer in ${this.servers.all.get(id)?.name ?? "this server"}: ${told.code}.`;
        this.servers.all.delete(id);
        return this.leaveLost();
    }
  }

  private onMine(told: Told): void {
    const event = told.kind === "event" ? told.envelope.event : told.kind;
    if (event === "read_state.changed") void this.reading.count();
    else if (event === "server.joined" || event === "server.left") void this.listServers().then(() => this.leaveLost());
    else if (event === "gap") void Promise.all([this.listServers(), this.reading.count()]);
  }

  private onRefused(topic: string): void {
    const channel = this.openId;
    if (channel === undefined || topic !== channelTopic(channel)) return;
    this.complain("This channel cannot be followed any more.");
    this.lose(channel);
  }

  /** A channel is out of reach: what is known of its server may be old. */
  private lose(channel: string): void {
    const server = this.servers.of(channel);
    this.reading.forget(channel);
    if (this.openId === channel) this.openId = undefined;
    if (server) void attempt(this.context, () => this.servers.refresh(server.id)).then(() => this.leaveLost());
  }

  /** Opens another channel if the open one is gone. */
  private leaveLost(): void {
    const [next] = this.servers.channels;
    if (!this.open && next) this.openChannel(next.id);
    this.config.changed();
  }
}
