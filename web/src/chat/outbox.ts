// Messages that are not in the history yet: queued, sent, or failed. Nothing leaves it silently.

import type { Message } from "../protocol/entity";

export type State = { kind: "queued" } | { kind: "sent"; id: string } | { kind: "failed"; reason: string };

/** One message of one's own. Its nonce stays the same however often it is tried. */
export interface Unsent {
  readonly nonce: string;
  readonly channel: string;
  readonly content: string;
  readonly replyTo?: Message;
  state: State;
}

export class Outbox {
  private entries: Unsent[] = [];

  push(channel: string, content: string, replyTo?: Message): Unsent {
    const unsent: Unsent = { nonce: crypto.randomUUID(), channel, content, replyTo, state: { kind: "queued" } };
    this.entries.push(unsent);
    return unsent;
  }

  /** The messages of a channel, oldest first. */
  of(channel: string): Unsent[] {
    return this.entries.filter((unsent) => unsent.channel === channel);
  }

  /** Whether something would be lost with the page. */
  get waits(): boolean {
    return this.entries.some((unsent) => unsent.state.kind !== "sent");
  }

  discard(unsent: Unsent): void {
    this.entries = this.entries.filter((other) => other !== unsent);
  }

  /** The history shows this message now. */
  settle(message: Message, isMine: boolean): void {
    const isIt = ({ nonce, state }: Unsent) =>
      (state.kind === "sent" && state.id === message.id) || (isMine && nonce === message.nonce);
    this.entries = this.entries.filter((unsent) => !isIt(unsent));
  }
}
