// What stands in the list of messages: days, the new line, messages, holes, and what is still on its way.

import { Fragment } from "preact";
import type { App } from "../app";
import type { Chat, Open } from "../chat/chat";
import type { Unsent } from "../chat/outbox";
import type { Entry } from "../chat/timeline";
import type { Message } from "../protocol/entity";
import type { Names } from "../text/markdown";
import { dayOf } from "./format";
import { MessageView, type Action } from "./message";
import { isGrouped } from "./window";

export interface RowProps {
  chat: Chat;
  open: Open;
  entry: Entry;
  /** The entry above, if there is one. */
  before: Entry | undefined;
  /** The new line stands here. */
  isFirstNew: boolean;
  names: Names;
  /** Changes when the names may have. */
  namesOf: string;
  act(action: Action, message: Message): void;
}

export function Row({ chat, open, entry, before, isFirstNew, names, namesOf, act }: RowProps) {
  const { timeline } = open;
  if (entry.kind === "gap") {
    const { from, to } = entry.hole;
    return (
      <li class="gap" data-place={from}>
        <button onClick={() => void chat.reading.load(open.channel.id, timeline.filler(entry.hole))}>
          Up to {to - from + 1} messages are not loaded here · load them
        </button>
      </li>
    );
  }
  const { message } = entry;
  const day = dayOf(message.created_at);
  const isNewDay = before?.kind !== "message" || dayOf(before.message.created_at) !== day;
  return (
    <Fragment>
      {isNewDay && <li class="day"><span>{day}</span></li>}
      {isFirstNew && <li class="new"><span>new</span></li>}
      <MessageView
        message={message}
        replied={timeline.replied(message)}
        isGrouped={!isNewDay && !isFirstNew && isGrouped(before, message)}
        mentionsMe={message.author.id !== chat.me.id && chat.reading.mentionsMe(message)}
        actions={actionsOn(chat, open, message).join(" ")}
        names={names}
        namesOf={namesOf}
        act={act}
      />
    </Fragment>
  );
}

/** What the person may do with a message. */
export function actionsOn(chat: Chat, { server, channel }: Open, message: Message): Action[] {
  if (message.deleted_at) return [];
  const isMine = message.author.id === chat.me.id;
  const mayWrite = server.may("SEND_MESSAGES", channel.id);
  const may: [Action, boolean][] = [
    ["reply", mayWrite],
    ["edit", isMine && mayWrite],
    ["delete", chat.writing.mayDelete(message)],
    ["unread", !isMine],
  ];
  return may.flatMap(([action, isAllowed]) => (isAllowed ? [action] : []));
}

export function perform(app: App, chat: Chat, action: Action, message: Message): void {
  if (action === "unread") void chat.markUnread(message);
  else if (action === "delete") app.ask({ kind: "delete", message });
  else app.writeAbout({ kind: action, message });
}

export function UnsentRow({ chat, unsent }: { chat: Chat; unsent: Unsent }) {
  const { state, content } = unsent;
  return (
    <li class={`message unsent ${state.kind}`}>
      <div class="content"><p>{content}</p></div>
      {state.kind === "failed" ? (
        <p class="state" role="alert">
          ✗ not sent: {state.reason} <button onClick={() => chat.writing.retry(unsent)}>Try again</button>{" "}
          <button onClick={() => chat.writing.discard(unsent)}>Discard</button>
        </p>
      ) : (
        <p class="state dim">{onItsWay()}</p>
      )}
    </li>
  );

  function onItsWay(): string {
    if (state.kind === "sent") return "✓ sent";
    return chat.link.state === "online" ? "◌ sending" : "◌ waits for the connection";
  }
}
