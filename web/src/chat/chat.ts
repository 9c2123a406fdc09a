// What a signed-in person has in front of them: servers, the open channel, what is unread, what is on its way. Streams and answers
// come in, `changed` goes out; the views read.

import type { Rest } from "../net/rest";
import { RestError } from "../net/rest";
import { Session, type Link } from "../net/session";
import type { Told } from "../net/follow";
import type { Closed, Dial } from "../net/wire";
import {
  USER_EVENTS,
  channelTopic,
  serverTopic,
  toDelete,
  toEdit,
  toMessages,
  toRead,
  toTyping,
} from "../protocol/destination";
import type { Channel, Mentions, Message, User } from "../protocol/entity";
import type { Body, Envelope } from "../protocol/event";
import type { InvitePreview, HistoryPage, Page, ReadState, ServerDetail } from "../protocol/rest";
import type { Place } from "../net/follow";
import { Outbox, type Unsent } from "./outbox";
import { Servers, type ServerState } from "./servers";
import { Timeline, type PageOf } from "./timeline";
import { Typing } from "./typing";
import { Unread, type Counted } from "./unread";

const PAGE = 50;
/** How long read moves are gathered before they are told. */
const READ_PAUSE_MS = 500;
/** One sign of typing is enough for that long. */
const TYPING_PAUSE_MS = 5_000;

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
  readonly me: User;
  readonly servers: Servers;
  readonly unread = new Unread();
  readonly outbox = new Outbox();
  readonly typing: Typing;
  link: Link = { state: "connecting" };
  /** What went wrong last, until it is put away. */
  notice = "";
  loaded = false;
  private readonly session: Session;
  private readonly timelines = new Map<string, Timeline>();
  private readonly places = new Map<string, Place | undefined>();
  private readonly loading = new Set<string>();
  private openId?: string;
  private newAfter = 0;
  private readTimer?: ReturnType<typeof setTimeout>;
  private typedAt = 0;

  constructor(private readonly config: ChatConfig) {
    this.me = config.me;
    this.servers = new Servers(config.rest, config.me, () => this.changed());
    this.typing = new Typing(() => this.changed());
    this.session = new Session({
      dial: config.dial,
      token: config.token,
      events: {
        link: (link) => this.onLink(link),
        opened: () => undefined,
        told: (topic, told) => this.onTold(topic, told),
        refused: (topic, code) => this.onRefused(topic, code),
        over: config.over,
      },
    });
  }

  async start(wanted: string | undefined): Promise<void> {
    this.session.follow(USER_EVENTS);
    this.session.connect();
    await Promise.all([this.listServers(), this.readCounts()]);
    this.loaded = true;
    const channel = this.servers.of(wanted ?? "") ? wanted : [...this.servers.all.values()][0]?.channels[0]?.id;
    if (channel !== undefined) this.openChannel(channel);
    this.changed();
  }

  end(): void {
    this.session.end();
  }

  /** The network came back, or the computer woke up. */
  reconnect(): void {
    this.session.reconnect();
  }

  // The open channel.

  get open(): Open | undefined {
    const id = this.openId ?? "";
    const server = this.servers.of(id);
    const channel = server?.channel(id);
    return server && channel && { server, channel, timeline: this.timeline(id), newAfter: this.newAfter };
  }

  openChannel(id: string): void {
    if (id === this.openId) return;
    if (this.openId !== undefined) this.places.set(this.openId, this.session.unfollow(channelTopic(this.openId)));
    this.openId = id;
    this.newAfter = this.unread.knows(id) ? this.unread.of(id).read_seq : Infinity;
    history.replaceState(null, "", `${location.pathname}#${id}`);
    if (this.timeline(id).isEmpty) void this.loadPage({ latest: true });
    else this.session.follow(channelTopic(id), this.places.get(id));
    this.changed();
  }

  /** Loads a page of history of the open channel, once at a time. */
  async loadPage(of: PageOf): Promise<void> {
    const channel = this.openId;
    if (channel === undefined) return;
    const [[name, value] = ["", ""]] = Object.entries(of);
    const query = name === "latest" ? "" : `&${name}=${value}`;
    const key = `${channel}${query}`;
    if (this.loading.has(key)) return;
    this.loading.add(key);
    try {
      const path = `/channels/${channel}/messages?limit=${PAGE}${query}`;
      const page = await this.config.rest.chat.get<HistoryPage>(path);
      this.timeline(channel).take(page);
      for (const message of page.items) this.outbox.settle(message, message.author.id === this.me.id);
      if (name === "latest" && channel === this.openId) {
        this.session.follow(channelTopic(channel), { epoch: page.epoch, after: page.head });
      }
    } catch (error) {
      this.complain(error);
    } finally {
      this.loading.delete(key);
      this.changed();
    }
  }

  /** What was on screen counts as read. */
  see(seq: number): void {
    const channel = this.openId;
    if (channel === undefined || !this.unread.knows(channel)) return;
    const { read_seq } = this.unread.of(channel);
    if (seq <= read_seq) return;
    const passed = this.timeline(channel).others(this.me.id, read_seq + 1, seq);
    if (!this.unread.moveTo(channel, seq, passed.map((message) => this.counted(message)))) return;
    clearTimeout(this.readTimer);
    this.readTimer = setTimeout(() => {
      const { read_seq, version } = this.unread.of(channel);
      this.session.hint(toRead(channel), { seq: read_seq, version });
    }, READ_PAUSE_MS);
    this.changed();
  }

  async markUnread(message: Message): Promise<void> {
    const body = { unread_from: message.seq };
    await this.attempt(async () => {
      this.unread.set([await this.config.rest.chat.put<ReadState>(`/read-states/${message.channel_id}`, body)]);
      this.newAfter = message.seq - 1;
    });
  }

  // Writing.

  post(content: string, replyTo?: Message): void {
    if (this.openId === undefined) return;
    this.typedAt = 0;
    this.deliver(this.outbox.push(this.openId, content, replyTo));
  }

  /** Tries a failed message again, under the nonce it had: twice is once. */
  retry(unsent: Unsent): void {
    unsent.state = { kind: "queued" };
    this.deliver(unsent);
  }

  discard(unsent: Unsent): void {
    this.outbox.discard(unsent);
    this.changed();
  }

  async edit(message: Message, content: string): Promise<void> {
    await this.command(toEdit(message.channel_id, message.id), { content }, "The edit was refused");
  }

  async delete(message: Message): Promise<void> {
    await this.command(toDelete(message.channel_id, message.id), {}, "The message was not deleted");
  }

  /** Somebody types here; told now and then. */
  type(): void {
    const now = Date.now();
    if (this.openId === undefined || now - this.typedAt < TYPING_PAUSE_MS) return;
    this.typedAt = now;
    this.session.hint(toTyping(this.openId), {});
  }

  mayDelete(message: Message): boolean {
    const isMine = message.author.id === this.me.id;
    return isMine || (this.servers.of(message.channel_id)?.may("MANAGE_MESSAGES", message.channel_id) ?? false);
  }

  // Servers.

  preview(code: string): Promise<InvitePreview> {
    return this.config.rest.server.get(`/invites/${encodeURIComponent(code)}`);
  }

  async join(code: string): Promise<void> {
    const joined = await this.config.rest.server.post<{ server: { id: string } }>(`/invites/${encodeURIComponent(code)}`);
    await this.enter(joined.server.id);
  }

  async createServer(name: string): Promise<void> {
    const server = await this.config.rest.server.post<ServerDetail>("/servers", { name });
    await this.enter(server.id);
  }

  /** Makes an invite and answers its link. */
  async invite(server: string): Promise<string> {
    const { code } = await this.config.rest.server.post<{ code: string }>(`/servers/${server}/invites`);
    return `${location.origin}/join/${code}`;
  }

  /** Whether a message tells its reader. */
  mentionsMe({ users, roles, everyone }: Mentions, channel: string): boolean {
    const mine = this.servers.of(channel)?.members.get(this.me.id)?.role_ids ?? [];
    return everyone || users.includes(this.me.id) || roles.some((role) => mine.includes(role));
  }

  dismiss(): void {
    this.notice = "";
    this.changed();
  }

  private changed(): void {
    this.config.changed();
  }

  private timeline(channel: string): Timeline {
    const known = this.timelines.get(channel) ?? new Timeline();
    this.timelines.set(channel, known);
    return known;
  }

  private counted(message: { seq: number; mentions: Mentions; channel_id: string }): Counted {
    return { seq: message.seq, isMine: false, mentionsMe: this.mentionsMe(message.mentions, message.channel_id) };
  }

  private complain(error: unknown): void {
    this.notice = error instanceof Error ? error.message : String(error);
    this.changed();
  }

  /** Does something, and says if it failed. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.complain(error);
    }
    this.changed();
  }

  private async command(destination: string, body: unknown, failure: string): Promise<void> {
    const outcome = await this.session.send(destination, body);
    if (outcome.kind === "done") return;
    this.complain(new Error(outcome.kind === "refused" ? `${failure}: ${outcome.detail}.` : `${failure}: try again.`));
  }

  private deliver(unsent: Unsent): void {
    const { channel, content, replyTo, nonce } = unsent;
    const body = replyTo ? { content, reply_to: replyTo.id } : { content };
    void this.session.send(toMessages(channel), body, nonce).then((outcome) => {
      if (outcome.kind === "done") unsent.state = { kind: "sent", id: outcome.id };
      else unsent.state = { kind: "failed", reason: outcome.kind === "refused" ? outcome.detail : "no answer" };
      const arrived = outcome.kind === "done" ? this.timeline(channel).find(outcome.id) : undefined;
      if (arrived) this.outbox.discard(unsent);
      this.changed();
    });
    this.changed();
  }

  private async listServers(): Promise<void> {
    await this.attempt(async () => {
      for (const id of await this.servers.list()) {
        const { epoch, seq } = this.servers.all.get(id)?.detail ?? {};
        if (epoch !== undefined && seq !== undefined) this.session.follow(serverTopic(id), { epoch, after: seq });
      }
    });
  }

  private async enter(server: string): Promise<void> {
    await this.listServers();
    await this.readCounts();
    const first = this.servers.all.get(server)?.channels[0];
    if (first) this.openChannel(first.id);
  }

  private async readCounts(): Promise<void> {
    await this.attempt(async () => {
      const states = await this.config.rest.chat.get<Page<ReadState>>("/read-states");
      this.unread.set(states.items);
    });
  }

  private onLink(link: Link): void {
    const returns = link.state === "online" && this.loaded;
    this.link = link;
    // Counts and presence are state, not a log: they are read again.
    if (returns) void this.readCounts();
    this.changed();
  }

  private onTold(topic: string, told: Told): void {
    const [, kind, id = ""] = topic.split("/");
    if (kind === "channels") this.onChannel(id, told);
    else if (kind === "servers") this.onServer(id, told);
    else if (told.kind === "event") this.onMine(told.envelope);
    else void this.listServers().then(() => this.readCounts());
    this.changed();
  }

  private onChannel(id: string, told: Told): void {
    const timeline = this.timeline(id);
    switch (told.kind) {
      case "skip":
        return timeline.pass(told.from, told.to);
      case "ended":
        return this.leave(id);
      case "gap":
        if (told.reason === "purged") return timeline.purge(told.to);
        // The hole is a row from now on; what is behind it comes live.
        if (told.reason !== "epoch") timeline.lack(told.to);
        else timeline.reset();
        return void this.loadPage({ latest: true }).then(() => this.readCounts());
      case "event":
        return this.onChannelEvent(id, told.envelope);
    }
  }

  private onChannelEvent(id: string, envelope: Envelope): void {
    if (envelope.event === "typing.started") {
      if (envelope.user_id !== this.me.id) this.typing.add(id, envelope.user_id);
      return;
    }
    this.timeline(id).apply(envelope);
    if (envelope.event !== "message.created") return;
    const { message } = envelope;
    const isMine = message.author.id === this.me.id;
    this.outbox.settle(message, isMine);
    this.typing.remove(id, message.author.id);
    this.unread.created(id, { ...this.counted(message), isMine });
    if (!isMine) this.config.heard(message);
  }

  private onServer(id: string, told: Told): void {
    if (told.kind === "ended") {
      this.notice = `You are no longer in ${this.servers.all.get(id)?.name ?? "this server"}: ${told.code}.`;
      this.servers.all.delete(id);
      return this.leaveLost();
    }
    if (told.kind === "gap") return void this.attempt(() => this.servers.load(id));
    if (told.kind === "skip") return;
    if (told.envelope.event === "channel.activity") this.onActivity(told.envelope);
    else this.servers.apply(id, told.envelope);
  }

  private onActivity(activity: Body & { event: "channel.activity" }): void {
    const channel = activity.channel_id;
    // A deletion lowers counts that only the service knows; a hole hides messages.
    const isWhole = activity.after <= this.unread.of(channel).head && !activity.deleted?.length;
    if (!isWhole && channel !== this.openId) return void this.readCounts();
    for (const created of activity.created ?? []) {
      const isMine = created.author_id === this.me.id;
      this.unread.created(channel, { ...this.counted({ ...created, channel_id: channel }), isMine });
    }
    this.unread.reached(channel, activity.head);
  }

  private onMine(envelope: Envelope): void {
    switch (envelope.event) {
      case "server.joined":
      case "server.left":
        return void this.listServers().then(() => this.leaveLost());
      case "read_state.changed":
        return void this.readCounts();
    }
  }

  private onRefused(topic: string, code: string): void {
    const [, kind, id = ""] = topic.split("/");
    if (kind !== "channels") return;
    this.complain(new RestError(code, "This channel cannot be followed any more."));
    this.leave(id);
  }

  /** A channel is out of reach: what is known of its server may be old. */
  private leave(channel: string): void {
    const server = this.servers.of(channel);
    this.timelines.delete(channel);
    this.places.delete(channel);
    if (this.openId === channel) this.openId = undefined;
    if (server) void this.attempt(() => this.servers.refresh(server.id)).then(() => this.leaveLost());
  }

  /** Opens another channel if the open one is gone. */
  private leaveLost(): void {
    if (this.open) return;
    const next = [...this.servers.all.values()].flatMap((server) => server.channels)[0];
    if (next) this.openChannel(next.id);
    this.changed();
  }
}
