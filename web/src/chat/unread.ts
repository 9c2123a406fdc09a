// What has not been read yet, per channel. The service counts; between two readings of its counts the client follows what streams
// say. A number is never guessed: where the streams leave a hole, the counts are asked for again.

import type { ReadState } from "../protocol/rest";

/** The most that is counted; the service does not count further either. */
const MOST = 1000;

export interface Counted {
  seq: number;
  isMine: boolean;
  mentionsMe: boolean;
}

const nothing = (channel: string): ReadState => ({
  channel_id: channel,
  read_seq: 0,
  version: 0,
  head: 0,
  unread: 0,
  mentions: 0,
});

export class Unread {
  private marks = new Map<string, ReadState>();

  knows(channel: string): boolean {
    return this.marks.has(channel);
  }

  of(channel: string): ReadState {
    return this.marks.get(channel) ?? nothing(channel);
  }

  /** Takes the service's word. */
  set(states: ReadState[]): void {
    for (const state of states) this.marks.set(state.channel_id, state);
  }

  /** Counts a new message, unless it is counted already. */
  created(channel: string, { seq, isMine, mentionsMe }: Counted): void {
    const mark = this.of(channel);
    if (seq <= mark.head) return;
    const counts = seq > mark.read_seq && !isMine;
    this.marks.set(channel, {
      ...mark,
      head: seq,
      unread: Math.min(mark.unread + Number(counts), MOST),
      mentions: Math.min(mark.mentions + Number(counts && mentionsMe), MOST),
    });
  }

  /** Everything up to `head` is counted. */
  reached(channel: string, head: number): void {
    const mark = this.of(channel);
    this.marks.set(channel, { ...mark, head: Math.max(mark.head, head) });
  }

  /** Moves the mark forward; `passed` are the unread messages on the way. Answers whether it moved. */
  moveTo(channel: string, read: number, passed: Counted[]): boolean {
    const mark = this.of(channel);
    if (read <= mark.read_seq) return false;
    const isAll = read >= mark.head;
    const mentions = passed.filter((message) => message.mentionsMe).length;
    this.marks.set(channel, {
      ...mark,
      read_seq: read,
      head: Math.max(mark.head, read),
      unread: isAll ? 0 : Math.max(mark.unread - passed.length, 0),
      mentions: isAll ? 0 : Math.max(mark.mentions - mentions, 0),
    });
    return true;
  }
}
