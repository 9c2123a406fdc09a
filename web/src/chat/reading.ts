// What one reads: the history of channels, and how far it was read.

import type { Place } from "../net/follow";
import { channelTopic, toRead } from "../protocol/destination";
import type { Mentions, Message } from "../protocol/entity";
import type { Body } from "../protocol/event";
import type { HistoryPage, Page, ReadState } from "../protocol/rest";
import { attempt, type Context } from "./context";
import { Once } from "./once";
import { Timeline, type PageOf } from "./timeline";
import { Unread, type Counted } from "./unread";

const PAGE = 50;
/** How long read moves are gathered before they are told. */
const READ_PAUSE_MS = 500;

/** A message as far as its reader is concerned. */
interface Told {
  seq: number;
  channel_id: string;
  mentions: Mentions;
}

export class Reading {
  readonly unread = new Unread();
  private readonly timelines = new Map<string, Timeline>();
  /** How far channels that are not followed at the moment were. */
  private readonly places = new Map<string, Place | undefined>();
  private readonly loading = new Set<string>();
  /** A channel that was marked unread: it is not read again by being looked at. */
  private held?: string;
  private readonly counting = new Once(() => attempt(this.context, () => this.readCounts()));
  private telling?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly context: Context,
    private readonly loaded: (messages: Message[]) => void,
  ) {}

  timeline(channel: string): Timeline {
    const known = this.timelines.get(channel) ?? new Timeline();
    this.timelines.set(channel, known);
    return known;
  }

  /** Follows a channel from where it was left; from its newest page if it never was. */
  follow(channel: string): void {
    this.held = undefined;
    if (this.timeline(channel).isLoaded) this.context.session.follow(channelTopic(channel), this.places.get(channel));
    else void this.load(channel, { latest: true });
  }

  unfollow(channel: string): void {
    this.places.set(channel, this.context.session.unfollow(channelTopic(channel)));
  }

  forget(channel: string): void {
    this.timelines.delete(channel);
    this.places.delete(channel);
  }

  /** Loads a page of history, each once at a time. */
  async load(channel: string, of: PageOf): Promise<void> {
    const place = "before" in of ? `&before=${of.before}` : "after" in of ? `&after=${of.after}` : "";
    const path = `/channels/${channel}/messages?limit=${PAGE}${place}`;
    if (this.loading.has(path)) return;
    this.loading.add(path);
    await attempt(this.context, async () => {
      const page = await this.context.rest.chat.get<HistoryPage>(path);
      this.timeline(channel).take(page);
      this.loaded(page.items);
      if (place === "") this.context.session.follow(channelTopic(channel), { epoch: page.epoch, after: page.head });
    });
    this.loading.delete(path);
  }

  /** Reads the counts of all channels. */
  count(): Promise<void> {
    return this.counting.run();
  }

  /** What was on screen counts as read. */
  see(channel: string, seq: number): void {
    if (channel === this.held || !this.unread.knows(channel)) return;
    const { read_seq } = this.unread.of(channel);
    const passed = this.timeline(channel).others(this.context.me.id, read_seq + 1, seq);
    if (!this.unread.moveTo(channel, seq, passed.map((message) => this.counted(message)))) return;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const { read_seq, version } = this.unread.of(channel);
      this.context.session.hint(toRead(channel), { seq: read_seq, version });
    }, READ_PAUSE_MS);
    this.context.changed();
  }

  /** Counts a message and all behind it as unread, until the channel is opened again. */
  async markUnread({ channel_id, seq }: Message): Promise<void> {
    this.held = channel_id;
    clearTimeout(this.telling);
    await attempt(this.context, async () => {
      const state = await this.context.rest.chat.put<ReadState>(`/read-states/${channel_id}`, { unread_from: seq });
      this.unread.set([state]);
    });
  }

  /** A message came on the stream of its channel. */
  arrived(message: Message): void {
    const isMine = message.author.id === this.context.me.id;
    this.unread.created(message.channel_id, { ...this.counted(message), isMine });
  }

  /** News of a channel that need not be followed. */
  heardOf(activity: Body & { event: "channel.activity" }, isFollowed: boolean): void {
    const { channel_id, after, head, created = [], deleted = [] } = activity;
    // A deletion lowers counts that only the service knows; a hole hides messages.
    const isWhole = after <= this.unread.of(channel_id).head && deleted.length === 0;
    if (!isWhole && !isFollowed) return void this.count();
    for (const message of created) {
      const isMine = message.author_id === this.context.me.id;
      this.unread.created(channel_id, { ...this.counted({ ...message, channel_id }), isMine });
    }
    this.unread.reached(channel_id, head);
  }

  /** Whether a message tells its reader. */
  mentionsMe({ mentions: { users, roles, everyone }, channel_id }: Told): boolean {
    const mine = this.context.servers.of(channel_id)?.myRoles ?? [];
    return everyone || users.includes(this.context.me.id) || roles.some((role) => mine.includes(role));
  }

  private async readCounts(): Promise<void> {
    const states = await this.context.rest.chat.get<Page<ReadState>>("/read-states");
    this.unread.set(states.items);
  }

  private counted(message: Told): Counted {
    return { seq: message.seq, isMine: false, mentionsMe: this.mentionsMe(message) };
  }
}
