// One message. It is drawn again only when something it shows has changed.

import { memo } from "preact/compat";
import type { Message } from "../protocol/entity";
import type { Names } from "../text/markdown";
import { inline } from "../text/markdown";
import { colourOf, timeOf, wholeTime } from "./format";
import { Markdown } from "./markdown";

export type Action = "reply" | "edit" | "delete" | "unread";

export interface MessageProps {
  message: Message;
  replied: Message | undefined;
  /** The one before is of the same author and a moment ago. */
  isGrouped: boolean;
  mentionsMe: boolean;
  actions: string;
  names: Names;
  /** Changes with the names of the server. */
  namesOf: unknown;
  act(action: Action, message: Message): void;
}

const LABELS: Record<Action, string> = { reply: "Reply", edit: "Edit", delete: "Delete", unread: "Mark unread" };
const QUOTED = 120;

export const MessageView = memo(function MessageView(props: MessageProps) {
  const { message, replied, isGrouped, mentionsMe, actions, names, act } = props;
  return (
    <li
      class={`message${isGrouped ? " grouped" : ""}${mentionsMe ? " for-me" : ""}`}
      data-place={message.seq}
      tabIndex={-1}
      aria-label={`${message.author.name}, ${timeOf(message.created_at)}`}
    >
      {!isGrouped && <Author message={message} />}
      {message.reply_to && <Replied message={replied} names={names} />}
      <div class="content">
        {message.deleted_at ? (
          <p class="dim">{message.deleted_by === "author" ? "deleted" : "deleted by a moderator"}</p>
        ) : (
          <Markdown content={message.content} names={names} />
        )}
        {message.edited_at && !message.deleted_at && (
          <span class="dim edited" title={wholeTime(message.edited_at)}>(edited)</span>
        )}
      </div>
      {actions !== "" && (
        <div class="actions">
          {(actions.split(" ") as Action[]).map((action) => (
            <button key={action} tabIndex={-1} onClick={() => act(action, message)}>{LABELS[action]}</button>
          ))}
        </div>
      )}
    </li>
  );
});

function Author({ message: { author, created_at } }: { message: Message }) {
  return (
    <div class="head">
      <span class={`author ${colourOf(author.id)}`}>{author.name || "deleted user"}</span>
      {author.kind !== "person" && <span class="badge">{author.kind === "webhook" ? "WEBHOOK" : "BOT"}</span>}
      <time class="dim" dateTime={created_at} title={wholeTime(created_at)}>{timeOf(created_at)}</time>
    </div>
  );
}

function Replied({ message, names }: { message: Message | undefined; names: Names }) {
  if (!message) return <div class="replied">an earlier message</div>;
  if (message.deleted_at) return <div class="replied">a deleted message</div>;
  const text = inline(message.content.slice(0, QUOTED), names).map((run) => run.text).join("");
  return <div class="replied">{message.author.name}: {text}</div>;
}
