// How far a stream was followed: what comes twice tells nothing, and what is missing is told.

import type { EndCode, Envelope, GapReason } from "../protocol/event";

/** A place in a stream's numbering: everything up to and with `after` was had. */
export interface Place {
  epoch: string;
  after: number;
}

/** What a MESSAGE of a followed stream means. */
export type Told =
  | { kind: "event"; envelope: Envelope }
  | { kind: "skip"; from: number; to: number }
  | { kind: "gap"; from: number; to: number; reason: GapReason }
  | { kind: "ended"; code: EndCode };

/** The position in one stream, kept over connections. */
export class Follower {
  constructor(public place?: Place) {}

  /** The service took the subscription; without a place of our own it begins at its head. */
  opened(head: Place | undefined): void {
    this.place ??= head;
  }

  /** Takes the next envelope; nothing if it was had before. */
  take(envelope: Envelope): Told | undefined {
    switch (envelope.event) {
      case "ended":
        return { kind: "ended", code: envelope.code };
      case "gap":
        this.move(envelope.epoch, envelope.to);
        return { kind: "gap", from: envelope.from, to: envelope.to, reason: envelope.reason };
      case "skip":
        if (this.had(envelope.epoch, envelope.to)) return undefined;
        this.move(envelope.epoch, envelope.to);
        return { kind: "skip", from: envelope.from, to: envelope.to };
      default:
        if (envelope.seq !== undefined) {
          if (this.had(envelope.epoch, envelope.seq)) return undefined;
          this.move(envelope.epoch, envelope.seq);
        }
        return { kind: "event", envelope };
    }
  }

  /** Something came that cannot be read: its place counts as had. */
  pass(place: Place | undefined): Told | undefined {
    if (!place || this.had(place.epoch, place.after)) return undefined;
    this.move(place.epoch, place.after);
    return { kind: "skip", from: place.after, to: place.after };
  }

  private had(epoch: string | undefined, seq: number): boolean {
    return this.place !== undefined && this.place.epoch === epoch && seq <= this.place.after;
  }

  private move(epoch: string | undefined, after: number): void {
    if (epoch !== undefined) this.place = { epoch, after };
  }
}
