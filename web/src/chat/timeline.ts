// What is known of one channel: its messages by place, and which places are known. A hole is a row that one can fill.

import type { Message } from "../protocol/entity";
import type { Envelope } from "../protocol/event";
import type { HistoryPage } from "../protocol/rest";
import { Ranges, type Range } from "./ranges";

/** A row of the list, before days and marks. */
export type Entry = { kind: "message"; message: Message } | { kind: "gap"; hole: Range };

/** Which page of history is asked for. */
export type PageOf = { latest: true } | { before: number } | { after: number };

export class Timeline {
  /** Ascending by seq. */
  private messages: Message[] = [];
  private readonly quoted = new Map<string, Message>();
  private known = new Ranges();
  private cached?: Entry[];
  private epoch?: string;
  private head = 0;
  private purgedThrough = 0;

  /** A page of history came, be it an empty one. */
  get isLoaded(): boolean {
    return this.epoch !== undefined;
  }

  /** Messages and the holes between and around them, in order. */
  get entries(): Entry[] {
    return (this.cached ??= this.walk());
  }

  find(id: string): Message | undefined {
    return this.messages.findLast((message) => message.id === id);
  }

  /** The message that a reply answers, as far as it is known. */
  replied(message: Message): Message | undefined {
    const { reply_to } = message;
    return reply_to ? (this.at(reply_to.seq) ?? this.quoted.get(reply_to.id)) : undefined;
  }

  /** The newest living message of somebody. */
  lastOf(author: string): Message | undefined {
    return this.messages.findLast((message) => message.author.id === author && !message.deleted_at);
  }

  /** Living messages of others within `from..=to`. */
  others(me: string, from: number, to: number): Message[] {
    return this.messages
      .slice(this.place(from), this.place(to + 1))
      .filter((message) => message.author.id !== me && !message.deleted_at);
  }

  /** Takes a page of history. */
  take(page: HistoryPage): void {
    if (this.epoch !== undefined && this.epoch !== page.epoch) this.reset();
    this.epoch = page.epoch;
    this.head = Math.max(this.head, page.head);
    this.purge(page.purged_through);
    for (const message of page.referenced) this.quoted.set(message.id, message);
    for (const message of page.items) this.put(message);
    this.known.add(page.covers.from, page.covers.to);
    this.changed();
  }

  /** Takes an event with a place. */
  apply(envelope: Envelope): void {
    switch (envelope.event) {
      case "message.created":
        this.put(envelope.message);
        if (envelope.referenced) this.quoted.set(envelope.referenced.id, envelope.referenced);
        break;
      case "message.updated":
        // A message inside of a hole comes with the hole.
        if (this.at(envelope.message.seq)) this.put(envelope.message);
        break;
      case "message.deleted":
        for (const { seq } of envelope.messages) this.bury(seq, envelope);
        break;
      case "history.purged":
        this.purge(envelope.through);
        break;
    }
    if (envelope.seq !== undefined) this.pass(envelope.seq, envelope.seq);
  }

  /** Places that hold nothing for us. */
  pass(from: number, to: number): void {
    this.known.add(from, to);
    this.head = Math.max(this.head, to);
    this.changed();
  }

  /** There is something up to `to` that we lack. */
  lack(to: number): void {
    this.head = Math.max(this.head, to);
    this.changed();
  }

  /** Everything up to `through` is gone. */
  purge(through: number): void {
    if (through <= this.purgedThrough) return;
    this.purgedThrough = through;
    this.messages.splice(0, this.place(through + 1));
    this.changed();
  }

  /** The numbering began anew: what is known is worth nothing. */
  reset(): void {
    this.messages = [];
    this.known = new Ranges();
    this.epoch = undefined;
    this.head = 0;
    this.purgedThrough = 0;
    this.changed();
  }

  /** The page that fills a hole, from the side where messages are known. */
  filler(hole: Range): PageOf {
    return this.known.has(hole.to + 1) ? { before: hole.to + 1 } : { after: hole.from - 1 };
  }

  private walk(): Entry[] {
    const entries: Entry[] = [];
    const holes = this.isLoaded ? this.known.holes(this.purgedThrough + 1, this.head) : [];
    let next = 0;
    for (const message of this.messages) {
      for (let hole = holes[next]; hole && hole.from < message.seq; hole = holes[++next]) {
        entries.push({ kind: "gap", hole });
      }
      entries.push({ kind: "message", message });
    }
    for (const hole of holes.slice(next)) entries.push({ kind: "gap", hole });
    return entries;
  }

  private changed(): void {
    this.cached = undefined;
  }

  /** Where `seq` stands, or would stand. */
  private place(seq: number): number {
    let [low, high] = [0, this.messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.messages[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private at(seq: number): Message | undefined {
    const message = this.messages[this.place(seq)];
    return message?.seq === seq ? message : undefined;
  }

  private put(message: Message): void {
    if (message.seq <= this.purgedThrough) return;
    const place = this.place(message.seq);
    const old = this.messages[place];
    if (old?.seq !== message.seq) this.messages.splice(place, 0, message);
    else if (old.revision <= message.revision) this.messages[place] = message;
  }

  private bury(seq: number, { seq: revision, by }: Envelope & { event: "message.deleted" }): void {
    const place = this.place(seq);
    const old = this.messages[place];
    if (old?.seq !== seq) return;
    const deleted_at = old.deleted_at ?? new Date().toISOString();
    this.messages[place] = { ...old, content: "", deleted_at, deleted_by: by, revision: revision ?? old.revision };
    this.quoted.delete(old.id);
  }
}
