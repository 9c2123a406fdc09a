// The open channel: what it is, what was said, who is writing, and where one writes.

import type { App } from "../app";
import type { Chat, Open } from "../chat/chat";
import { Composer } from "./composer";
import { MessageList } from "./messages";

export function ChannelView({ app, chat, open }: { app: App; chat: Chat; open: Open }) {
  const { channel, server } = open;
  return (
    <main class="channel">
      <header>
        <button class="menu" aria-expanded={app.showServers} onClick={() => app.toggleServers()}>Channels</button>
        <h1><span class="dim" aria-hidden="true"># </span>{channel.name}</h1>
        <p class="topic dim">{channel.topic}</p>
        <button aria-expanded={app.showMembers} onClick={() => app.toggleMembers()}>Members</button>
      </header>
      <MessageList key={channel.id} app={app} chat={chat} open={open} />
      <p class="typing dim" role="status">{chat.link.state === "offline" ? "○ offline · messages wait here" : typists()}</p>
      {server.may("SEND_MESSAGES", channel.id) ? (
        <Composer key={channel.id} app={app} chat={chat} open={open} />
      ) : (
        <p class="dim no-composer">You cannot write here.</p>
      )}
    </main>
  );

  function typists(): string {
    const names = chat.typing.in(channel.id).map((user) => server.nameOf(user)).filter((name) => name !== "");
    if (names.length === 0) return "";
    if (names.length > 3) return "several people are typing…";
    return `${names.join(", ")} ${names.length === 1 ? "is" : "are"} typing…`;
  }
}
