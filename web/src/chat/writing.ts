// What one sends: new messages through the outbox, edits, deletions, and that one is typing.

import { toDelete, toEdit, toMessages, toTyping } from "../protocol/destination";
import type { Message } from "../protocol/entity";
import type { Context } from "./context";
import { Outbox, type Unsent } from "./outbox";
import type { Reading } from "./reading";

/** One sign of typing is enough for that long. */
const TYPING_PAUSE_MS = 5_000;

export class Writing {
  readonly outbox = new Outbox();
  private typedAt = 0;

  constructor(
    private readonly context: Context,
    private readonly reading: Reading,
  ) {}

  post(channel: string, content: string, replyTo?: Message): void {
    this.typedAt = 0;
    void this.deliver(this.outbox.push(channel, content, replyTo));
  }

  /** Tries a failed message again, under the nonce it had: twice is once. */
  retry(unsent: Unsent): void {
    unsent.state = { kind: "queued" };
    void this.deliver(unsent);
  }

  discard(unsent: Unsent): void {
    this.outbox.discard(unsent);
    this.context.changed();
  }

  async edit(message: Message, content: string): Promise<void> {
    await this.command(toEdit(message.channel_id, message.id), { content }, "The edit was refused");
  }

  async delete(message: Message): Promise<void> {
    await this.command(toDelete(message.channel_id, message.id), {}, "The message was not deleted");
  }

  mayDelete({ author, channel_id }: Message): boolean {
    const server = this.context.servers.of(channel_id);
    return author.id === this.context.me.id || (server?.may("MANAGE_MESSAGES", channel_id) ?? false);
  }

  /** Somebody types; told now and then. */
  type(channel: string): void {
    const now = Date.now();
    if (now - this.typedAt < TYPING_PAUSE_MS) return;
    this.typedAt = now;
    this.context.session.hint(toTyping(channel), {});
  }

  private async deliver(unsent: Unsent): Promise<void> {
    this.context.changed();
    const { channel, content, replyTo, nonce } = unsent;
    const body = replyTo ? { content, reply_to: replyTo.id } : { content };
    const outcome = await this.context.session.send(toMessages(channel), body, nonce);
    if (outcome.kind === "done") {
      unsent.state = { kind: "sent", id: outcome.id };
      // The stream may have been faster than the receipt.
      if (this.reading.timeline(channel).find(outcome.id)) this.outbox.discard(unsent);
    } else {
      unsent.state = { kind: "failed", reason: outcome.kind === "refused" ? outcome.detail : "no answer" };
    }
    this.context.changed();
  }

  private async command(destination: string, body: unknown, failure: string): Promise<void> {
    const outcome = await this.context.session.send(destination, body);
    if (outcome.kind === "refused") this.context.complain(`${failure}: ${outcome.detail}.`);
    else if (outcome.kind === "unknown") this.context.complain(`${failure}: try again.`);
  }
}
