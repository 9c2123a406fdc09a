// The list of messages. Only a window of rows is in the document, however many are loaded, and what one reads stays where it is
// while rows come and go around it.

import { Fragment, type RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { App } from "../app";
import type { Chat, Open } from "../chat/chat";
import type { Unsent } from "../chat/outbox";
import type { Entry } from "../chat/timeline";
import type { Message } from "../protocol/entity";
import { namesFor } from "../text/mentions";
import { dayOf } from "./format";
import { MessageView, type Action } from "./message";
import { firstNew, isGrouped, place, windowOf, STEP } from "./window";

/** So close to an end of the window, the window moves. */
const NEAR_PX = 800;
/** So close to the end counts as being there. */
const PINNED_PX = 40;

/** The row that stays where it is. */
interface Anchor {
  place: string;
  top: number;
}

export function MessageList({ app, chat, open }: { app: App; chat: Chat; open: Open }) {
  const { timeline, server, channel, newAfter } = open;
  const { entries } = timeline;
  // The place of the first row of the window; without one it ends with the newest message.
  const [top, setTop] = useState<number>();
  const box = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const isPinned = useRef(true);
  const tried = useRef(new Set<string>());
  const { start, end } = windowOf(entries, top);

  // The names are read when a row is drawn: rows are drawn again when the members' number or the roles change.
  const namesOf = `${server.members.size} ${server.detail.seq}`;
  const names = useMemo(() => namesFor(server, chat.me.id), [server, chat]);
  const act = useCallback((action: Action, message: Message) => perform(app, chat, action, message), [app, chat]);

  const fill = (entry: Entry | undefined) => {
    if (entry?.kind !== "gap") return;
    // By itself a hole is tried once; after that, its row is a button.
    const key = `${entry.hole.from}-${entry.hole.to}`;
    if (tried.current.has(key)) return;
    tried.current.add(key);
    void chat.loadPage(timeline.filler(entry.hole));
  };

  const look = () => {
    const list = box.current;
    if (!list) return;
    const below = list.scrollHeight - list.scrollTop - list.clientHeight;
    isPinned.current = below < PINNED_PX && end === entries.length;
    anchor.current = anchorOf(list);
    if (list.scrollTop < NEAR_PX && start === 0) fill(entries[0]);
    if (below < NEAR_PX && end === entries.length) fill(entries.at(-1));
    if (isPinned.current) setTop(undefined);
    else if (list.scrollTop < NEAR_PX && start > 0) setTop(place(entries[Math.max(0, start - STEP)]));
    else if (below < NEAR_PX && end < entries.length) setTop(place(entries[start + STEP]));
    else if (top === undefined) setTop(place(entries[start]));
    const seen = document.hasFocus() ? lastSeen(list) : undefined;
    if (seen !== undefined) chat.see(seen);
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

  const newSeq = useMemo(() => firstNew(entries, newAfter, chat.me.id), [entries, newAfter, chat]);
  const isAtEnd = end === entries.length;
  const { unread } = chat.unread.of(channel.id);
  return (
    <div class="list-frame">
      <div
        class="list"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={`Messages in ${channel.name}`}
        onScroll={look}
        onKeyDown={(event) => onKey(event, box, (action, seq) => {
          const entry = entries.slice(start, end).find((entry) => place(entry) === seq);
          if (entry?.kind === "message" && actionsOf(entry.message).includes(action)) act(action, entry.message);
        })}
      >
        <ol>
          {timeline.isEmpty && <li class="dim waiting">Loading messages…</li>}
          {!timeline.isEmpty && start === 0 && entries[0]?.kind !== "gap" && (
            <li class="dim beginning">This is the beginning of #{channel.name}.</li>
          )}
          {entries.slice(start, end).map((entry, index) => row(entry, entries[start + index - 1]))}
          {isAtEnd && chat.outbox.of(channel.id).map((unsent) => (
            <UnsentRow key={unsent.nonce} chat={chat} unsent={unsent} />
          ))}
        </ol>
      </div>
      {top !== undefined && !isPinned.current && (
        <button class="to-end" onClick={toEnd}>↓ {unread > 0 ? `${unread} new below` : "newest"}</button>
      )}
    </div>
  );

  function toEnd(): void {
    isPinned.current = true;
    setTop(undefined);
  }

  function actionsOf(message: Message): string {
    if (message.deleted_at) return "";
    const isMine = message.author.id === chat.me.id;
    const mayWrite = server.may("SEND_MESSAGES", channel.id);
    return [
      mayWrite && "reply",
      isMine && mayWrite && "edit",
      chat.mayDelete(message) && "delete",
      !isMine && "unread",
    ].filter(Boolean).join(" ");
  }

  function row(entry: Entry, before: Entry | undefined) {
    if (entry.kind === "gap") {
      return <GapRow key={place(entry)} entry={entry} fill={() => void chat.loadPage(timeline.filler(entry.hole))} />;
    }
    const { message } = entry;
    const day = dayOf(message.created_at);
    const isNewDay = before?.kind !== "message" || dayOf(before.message.created_at) !== day;
    const isFirstNew = message.seq === newSeq;
    return (
      <Fragment key={message.seq}>
        {isNewDay && <li class="day"><span>{day}</span></li>}
        {isFirstNew && <li class="new"><span>new</span></li>}
        <MessageView
          message={message}
          replied={timeline.replied(message)}
          isGrouped={!isNewDay && !isFirstNew && isGrouped(before, message)}
          mentionsMe={message.author.id !== chat.me.id && chat.mentionsMe(message.mentions, channel.id)}
          actions={actionsOf(message)}
          names={names}
          namesOf={namesOf}
          act={act}
        />
      </Fragment>
    );
  }
}

function GapRow({ entry, fill }: { entry: Entry & { kind: "gap" }; fill(): void }) {
  const count = entry.hole.to - entry.hole.from + 1;
  return (
    <li class="gap" data-place={entry.hole.from}>
      <button onClick={fill}>Up to {count} messages are not loaded here · load them</button>
    </li>
  );
}

function UnsentRow({ chat, unsent }: { chat: Chat; unsent: Unsent }) {
  const { state } = unsent;
  return (
    <li class={`message unsent ${state.kind}`}>
      <div class="content"><p>{unsent.content}</p></div>
      {state.kind === "failed" ? (
        <p class="state" role="alert">
          ✗ not sent: {state.reason}{" "}
          <button onClick={() => chat.retry(unsent)}>Try again</button>{" "}
          <button onClick={() => chat.discard(unsent)}>Discard</button>
        </p>
      ) : (
        <p class="state dim">{state.kind === "sent" ? "✓ sent" : chat.link.state === "online" ? "◌ sending" : "◌ waits for the connection"}</p>
      )}
    </li>
  );
}

function perform(app: App, chat: Chat, action: Action, message: Message): void {
  if (action === "unread") void chat.markUnread(message);
  else if (action === "delete") app.ask({ kind: "delete", message });
  else app.writeAbout({ kind: action, message });
}

const rowsOf = (list: HTMLElement) => [...list.querySelectorAll<HTMLElement>("[data-place]")];
const topOf = (list: HTMLElement, row: HTMLElement) => row.getBoundingClientRect().top - list.getBoundingClientRect().top;

/** The first row that is seen. */
function anchorOf(list: HTMLElement): Anchor | undefined {
  const row = rowsOf(list).find((row) => topOf(list, row) + row.offsetHeight > 0);
  return row && { place: row.dataset["place"] ?? "", top: topOf(list, row) };
}

function restore(list: HTMLElement, anchor: Anchor): void {
  const row = list.querySelector<HTMLElement>(`[data-place="${anchor.place}"]`);
  if (row) list.scrollTop += topOf(list, row) - anchor.top;
}

/** The last message whose beginning is seen. */
function lastSeen(list: HTMLElement): number | undefined {
  const lead = 24;
  const row = rowsOf(list).findLast((row) => topOf(list, row) + Math.min(lead, row.offsetHeight) <= list.clientHeight);
  return row && Number(row.dataset["place"]);
}

const KEYS: Record<string, Action> = { r: "reply", e: "edit", d: "delete", Delete: "delete", u: "unread" };

/** Arrows walk the rows, letters act on the one that has the focus. */
function onKey(event: KeyboardEvent, box: RefObject<HTMLDivElement | null>, act: (action: Action, seq: number) => void): void {
  const list = box.current;
  if (!list || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = rowsOf(list);
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const step = { ArrowUp: -1, k: -1, ArrowDown: 1, j: 1 }[event.key];
  const [row, action] = [rows[at], KEYS[event.key]];
  if (step !== undefined) {
    const next = rows[at < 0 ? rows.length - 1 : at + step];
    // Of a hole the button takes the focus: Enter fills it.
    (next?.querySelector<HTMLElement>(":scope > button") ?? next)?.focus();
    next?.scrollIntoView({ block: "nearest" });
  } else if (action && row && event.target === row) {
    act(action, Number(row.dataset["place"]));
  } else if (event.key === "Escape" || event.key === "i") {
    document.querySelector<HTMLElement>(".composer textarea")?.focus();
  } else {
    return;
  }
  event.preventDefault();
}
