// The list of messages. Only a window of rows is in the document, however many are loaded, and what one reads stays where it is
// while rows come and go around it.

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { App } from "../app";
import type { Chat, Open } from "../chat/chat";
import type { Entry } from "../chat/timeline";
import type { Message } from "../protocol/entity";
import { namesFor } from "../text/mentions";
import { onListKey } from "./list-keys";
import type { Action } from "./message";
import { anchorOf, lastSeen, restore, type Anchor } from "./place";
import { Row, UnsentRow, actionsOn, perform } from "./rows";
import { firstNew, place, windowOf, STEP } from "./window";

/** So close to an end of the window, the window moves. */
const NEAR_PX = 600;
/** So close to the end counts as being there. */
const PINNED_PX = 40;

export function MessageList({ app, chat, open }: { app: App; chat: Chat; open: Open }) {
  const { timeline, server, channel, newAfter } = open;
  const { entries } = timeline;
  const { box, start, end, isAway, look, toEnd } = useWindow(chat, open);

  // Rows are drawn again when this changes: with the members or with what the service says of the server.
  const namesOf = `${server.members.size} ${server.detail.seq}`;
  const names = useMemo(() => namesFor(server, chat.me.id), [server, chat]);
  const act = useCallback((action: Action, message: Message) => perform(app, chat, action, message), [app, chat]);
  const newSeq = useMemo(() => firstNew(entries, newAfter, chat.me.id), [entries, newAfter, chat]);
  const { unread } = chat.reading.unread.of(channel.id);

  const actAt = (action: Action, at: number) => {
    const entry = entries.slice(start, end).find((entry) => place(entry) === at);
    if (entry?.kind === "message" && actionsOn(chat, open, entry.message).includes(action)) act(action, entry.message);
  };
  return (
    <div class="list-frame">
      <div
        class="list"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={`Messages in ${channel.name}`}
        onScroll={look}
        onKeyDown={(event) => onListKey(event, event.currentTarget, actAt)}
      >
        <ol>
          {!timeline.isLoaded && <li class="dim waiting">Loading messages…</li>}
          {timeline.isLoaded && start === 0 && entries[0]?.kind !== "gap" && (
            <li class="dim beginning">This is the beginning of #{channel.name}.</li>
          )}
          {entries.slice(start, end).map((entry, index) => (
            <Row
              key={place(entry)}
              chat={chat}
              open={open}
              entry={entry}
              before={entries[start + index - 1]}
              isFirstNew={place(entry) === newSeq}
              names={names}
              namesOf={namesOf}
              act={act}
            />
          ))}
          {end === entries.length && chat.writing.outbox.of(channel.id).map((unsent) => (
            <UnsentRow key={unsent.nonce} chat={chat} unsent={unsent} />
          ))}
        </ol>
      </div>
      {isAway && <button class="to-end" onClick={toEnd}>↓ {unread > 0 ? `${unread} new below` : "newest"}</button>}
    </div>
  );
}

/** Which rows are in the document, and the scrolling that goes with it. */
function useWindow(chat: Chat, { timeline, channel }: Open) {
  const { entries } = timeline;
  // The place of the first row of the window; without one it ends with the newest message.
  const [top, setTop] = useState<number>();
  const { start, end } = windowOf(entries, top);
  const box = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const isPinned = useRef(true);
  const tried = useRef(new Set<string>());

  /** By itself a hole is tried once; after that, its row is a button. */
  const fill = (entry: Entry | undefined) => {
    if (entry?.kind !== "gap") return;
    const key = `${entry.hole.from}-${entry.hole.to}`;
    if (tried.current.has(key)) return;
    tried.current.add(key);
    void chat.reading.load(channel.id, timeline.filler(entry.hole));
  };

  /** Takes note of what is on screen, and moves the window before its end is. */
  const look = () => {
    const list = box.current;
    if (!list) return;
    const below = list.scrollHeight - list.scrollTop - list.clientHeight;
    const [isNearTop, isNearEnd] = [list.scrollTop < NEAR_PX, below < NEAR_PX];
    isPinned.current = below < PINNED_PX && end === entries.length;
    anchor.current = anchorOf(list);
    if (isNearTop && start === 0) fill(entries[0]);
    if (isNearEnd && end === entries.length) fill(entries.at(-1));
    if (isPinned.current) setTop(undefined);
    else if (isNearTop && start > 0) setTop(place(entries[Math.max(0, start - STEP)]));
    else if (isNearEnd && end < entries.length) setTop(place(entries[start + STEP]));
    else if (top === undefined) setTop(place(entries[start]));
    const seen = document.hasFocus() ? lastSeen(list) : undefined;
    if (seen !== undefined) chat.reading.see(channel.id, seen);
  };

  const keepPlace = () => {
    const list = box.current;
    if (!list) return;
    if (isPinned.current) list.scrollTop = list.scrollHeight;
    else if (anchor.current) restore(list, anchor.current);
    look();
  };
  useLayoutEffect(keepPlace);
  const kept = useRef(keepPlace);
  kept.current = keepPlace;
  useEffect(() => {
    const onChange = () => kept.current();
    const observer = new ResizeObserver(onChange);
    if (box.current) observer.observe(box.current);
    addEventListener("focus", onChange);
    return () => {
      observer.disconnect();
      removeEventListener("focus", onChange);
    };
  }, []);

  const toEnd = () => {
    isPinned.current = true;
    setTop(undefined);
  };
  return { box, start, end, isAway: top !== undefined && !isPinned.current, look, toEnd };
}
