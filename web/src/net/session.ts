// A session over many connections: what is followed and how far, and what was sent without an answer. Both are said again on every
// fresh connection, sends with the nonce they had, so nothing is lost and nothing is twice.

import { REFRESH, REPLIES } from "../protocol/destination";
import type { Envelope } from "../protocol/event";
import { read } from "../protocol/read";
import type { Reply } from "../protocol/rest";
import { SignedOut } from "./signed-out";
import { Follower, type Place, type Told } from "./follow";
import type { Closed, Dial, Headers, Wire } from "./wire";

export type Link = { state: "connecting" } | { state: "online" } | { state: "offline"; retryAt: number };

/** What came of a send. */
export type Outcome =
  | { kind: "done"; id: string }
  | { kind: "refused"; code: string; detail: string }
  | { kind: "unknown" };

export interface SessionEvents {
  link(link: Link): void;
  told(topic: string, told: Told): void;
  refused(topic: string, code: string): void;
  /** There is no way on: sign in again, or do not come back. */
  over(why: Closed): void;
}

export interface SessionConfig {
  dial: Dial;
  /** An access token; `fresh` asks for another one than the last. */
  token(fresh: boolean): Promise<string>;
  events: SessionEvents;
}

/** The first pause, and the longest. */
const PAUSE_MS = [250, 20_000] as const;
/** How often something is said again that the service had no time for. */
const TRIES = 5;
const PASSING = ["unavailable", "not-ready", "overloaded"];

interface Followed extends Follower {
  id: string;
  open: boolean;
  tries: number;
}

interface Sent {
  destination: string;
  headers: Headers;
  body: string;
  tries: number;
  answer(outcome: Outcome): void;
}

function placeOf(headers: Headers): Place | undefined {
  const { epoch, seq } = headers;
  return epoch !== undefined && seq !== undefined ? { epoch, after: Number(seq) } : undefined;
}

export class Session {
  private readonly topics = new Map<string, Followed>();
  private readonly sent = new Map<string, Sent>();
  /** Subscriptions that ended here before the service answered them. */
  private readonly unwanted = new Set<string>();
  private wire?: Wire;
  private online = false;
  private ended = false;
  private attempt = 0;
  private failures = 0;
  private tokenRefused = false;
  private next = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly config: SessionConfig) {}

  /** Connects, unless that is under way. */
  connect(): void {
    if (this.ended || this.wire) return;
    clearTimeout(this.timer);
    const attempt = ++this.attempt;
    this.config.events.link({ state: "connecting" });
    this.config.token(this.tokenRefused).then(
      (token) => attempt === this.attempt && !this.ended && this.dial(token),
      (error: Error) => attempt === this.attempt && this.closed(withoutToken(error)),
    );
  }

  /** Gives the connection up and makes another one: after a sleep, nobody knows whether it still holds. */
  reconnect(): void {
    this.drop();
    this.connect();
  }

  /** The network is away: nothing comes through a connection that may look whole for a long time. */
  lost(): void {
    if (this.wire) this.closed({ kind: "again", reason: "the network is away" });
  }

  /** Follows a topic, behind `place` if there is one. */
  follow(topic: string, place?: Place): void {
    if (this.topics.has(topic)) return;
    const followed = Object.assign(new Follower(place), { id: "", open: false, tries: 0 });
    this.topics.set(topic, followed);
    if (this.online) this.saySubscribe(topic, followed);
  }

  /** Follows a topic no more, and answers how far it was followed. */
  unfollow(topic: string): Place | undefined {
    const followed = this.topics.get(topic);
    this.topics.delete(topic);
    if (followed && this.online) {
      // To unsubscribe from what may be refused would be a protocol error.
      if (followed.open) this.wire?.unsubscribe(followed.id);
      else this.unwanted.add(followed.id);
    }
    return followed?.place;
  }

  /** Sends something that is answered, if need be on a later connection. */
  send(destination: string, body: unknown, nonce?: string): Promise<Outcome> {
    return new Promise((answer) => {
      const headers: Headers = nonce === undefined ? {} : { nonce };
      const sent = { destination, headers, body: JSON.stringify(body), tries: 0, answer };
      const receipt = `s${++this.next}`;
      this.sent.set(receipt, sent);
      if (this.online) this.saySend(receipt, sent);
    });
  }

  /** Sends something that may be lost. */
  hint(destination: string, body: unknown): void {
    if (this.online) this.wire?.send(destination, {}, JSON.stringify(body));
  }

  private dial(token: string): void {
    this.wire = this.config.dial(token, {
      connected: () => this.connected(),
      receipt: (id, headers) => this.receipt(id, headers),
      message: (subscription, headers, body) => this.message(subscription, headers, body),
      closed: (why) => this.closed(why),
    });
  }

  private drop(): void {
    this.attempt++;
    this.wire?.close();
    this.wire = undefined;
    this.online = false;
  }

  private connected(): void {
    this.online = true;
    this.failures = 0;
    this.tokenRefused = false;
    this.unwanted.clear();
    this.wire?.subscribe("replies", REPLIES, { receipt: "replies" });
    for (const [topic, followed] of this.topics) this.saySubscribe(topic, followed);
    for (const [receipt, sent] of this.sent) this.saySend(receipt, sent);
    this.config.events.link({ state: "online" });
  }

  private closed(why: Closed): void {
    this.drop();
    if (this.ended) return;
    if (why.kind === "forbidden" || (why.kind === "token" && this.tokenRefused)) {
      this.ended = true;
      return this.config.events.over(why);
    }
    this.tokenRefused = why.kind === "token";
    // Jitter: after an outage not everybody comes back at once.
    const pause = Math.min(PAUSE_MS[0] * 2 ** this.failures++, PAUSE_MS[1]) * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.connect(), pause);
    this.config.events.link({ state: "offline", retryAt: Date.now() + pause });
  }

  private saySubscribe(topic: string, followed: Followed): void {
    followed.id = `t${++this.next}`;
    followed.open = false;
    const headers: Headers = { receipt: followed.id };
    if (followed.place) {
      headers["epoch"] = followed.place.epoch;
      headers["after"] = String(followed.place.after);
    }
    this.wire?.subscribe(followed.id, topic, headers);
  }

  private saySend(receipt: string, sent: Sent): void {
    const headers = { ...sent.headers, receipt, "content-type": "application/json" };
    this.wire?.send(sent.destination, headers, sent.body);
  }

  private topicOf(subscription: string): [string, Followed] | undefined {
    return [...this.topics].find(([, followed]) => followed.id === subscription);
  }

  private receipt(id: string, headers: Headers): void {
    const sent = this.sent.get(id);
    if (sent) {
      this.sent.delete(id);
      return sent.answer({ kind: "done", id: headers["message-id"] ?? "" });
    }
    if (this.unwanted.delete(id)) return this.wire?.unsubscribe(id);
    const [topic, followed] = this.topicOf(id) ?? [];
    if (topic === undefined || !followed) return;
    followed.open = true;
    followed.tries = 0;
    followed.opened(placeOf(headers));
  }

  private message(subscription: string, headers: Headers, body: string): void {
    let parsed: unknown;
    try {
      parsed = read(body);
    } catch {
      parsed = undefined;
    }
    if (subscription === "replies") return parsed ? this.refusal(parsed as Reply) : undefined;
    const [topic, followed] = this.topicOf(subscription) ?? [];
    if (topic === undefined || !followed) return;
    const envelope = parsed as Envelope | undefined;
    const told = envelope ? followed.take(current(envelope)) : followed.pass(placeOf(headers));
    if (!told) return;
    if (told.kind === "ended") this.topics.delete(topic);
    if (told.kind === "event" && told.envelope.event === "session.expiring") this.renew();
    this.config.events.told(topic, told);
  }

  private refusal(reply: Reply): void {
    const receipt = reply.receipt_id ?? "";
    const sent = this.sent.get(receipt);
    if (sent) return this.refuseSend(receipt, sent, reply);
    if (this.unwanted.delete(receipt)) return;
    const [topic, followed] = this.topicOf(receipt) ?? [];
    if (topic === undefined || !followed) return;
    if (PASSING.includes(reply.code) || reply.code === "rate-limited") {
      const again = () => this.online && this.topics.get(topic) === followed && this.saySubscribe(topic, followed);
      return this.later(reply, followed.tries++, again);
    }
    this.topics.delete(topic);
    this.config.events.refused(topic, reply.code);
  }

  private refuseSend(receipt: string, sent: Sent, reply: Reply): void {
    const again = () => this.online && this.sent.has(receipt) && this.saySend(receipt, sent);
    // It is only too early, however often.
    if (reply.code === "rate-limited") return this.later(reply, 0, again);
    const passing = PASSING.includes(reply.code);
    if (passing && ++sent.tries < TRIES) {
      return this.later(reply, sent.tries, again);
    }
    this.sent.delete(receipt);
    sent.answer(passing ? { kind: "unknown" } : { kind: "refused", code: reply.code, detail: reply.detail });
  }

  /** Does something again when the service asked for it, on the connection at hand. */
  private later(reply: Reply, tries: number, again: () => void): void {
    const wire = this.wire;
    const pause = Math.min(Math.max(reply.retry_after ?? 0, 2 ** Math.min(tries, 5)), 300) * 1000;
    setTimeout(() => this.wire === wire && again(), pause);
  }

  /** The token ends soon: another one extends the session. Without one the service closes, and the next try says why. */
  private renew(): void {
    const wire = this.wire;
    this.config.token(true).then(
      (token) => this.wire === wire && wire?.send(REFRESH, { Authorization: `Bearer ${token}` }, ""),
      () => undefined,
    );
  }
}

function withoutToken(error: Error): Closed {
  return { kind: error instanceof SignedOut ? "forbidden" : "again", reason: error.message };
}

/** An event of a newer shape reads as unknown. */
function current(envelope: Envelope): Envelope {
  return envelope.version > 1 ? { ...envelope, event: "unknown" } : envelope;
}

