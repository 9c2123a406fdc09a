// Servers and their channels, what is unread in them, and how the connection is.

import { useEffect, useState } from "preact/hooks";
import type { App } from "../app";
import type { Chat } from "../chat/chat";
import type { ServerState } from "../chat/servers";
import type { Channel } from "../protocol/entity";

export function Sidebar({ app, chat }: { app: App; chat: Chat }) {
  return (
    <nav class="sidebar" aria-label="Servers and channels">
      <div class="lists">
        {[...chat.servers.all.values()].map((server) => (
          <Server key={server.id} app={app} chat={chat} server={server} />
        ))}
        <p class="more">
          <button onClick={() => app.ask({ kind: "join", code: "" })}>Join</button>
          <button onClick={() => app.ask({ kind: "create" })}>Make a server</button>
        </p>
      </div>
      <footer>
        <Connection chat={chat} />
        <button onClick={() => app.signOut()}>Sign out</button>
      </footer>
    </nav>
  );
}

function Server({ app, chat, server }: { app: App; chat: Chat; server: ServerState }) {
  return (
    <section aria-label={server.name}>
      <h2>
        <span class="name">{server.name}</span>
        {server.may("CREATE_INVITE") && (
          <button title={`Invite people to ${server.name}`} onClick={() => app.ask({ kind: "invite", server: server.id })}>
            Invite
          </button>
        )}
      </h2>
      <ul>
        {server.channels.map((channel) => (
          <li key={channel.id}>
            <ChannelButton app={app} chat={chat} channel={channel} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ChannelButton({ app, chat, channel }: { app: App; chat: Chat; channel: Channel }) {
  const { unread, mentions } = chat.reading.unread.of(channel.id);
  const isOpen = chat.open?.channel.id === channel.id;
  return (
    <button
      class={`channel-name${unread > 0 ? " unread" : ""}`}
      aria-current={isOpen ? "page" : undefined}
      onClick={() => app.openChannel(channel.id)}
    >
      <span class="dim" aria-hidden="true"># </span>
      <span class="name">{channel.name}</span>
      {unread > 0 && <span class="count" aria-label={`${unread} unread`}>{unread}</span>}
      {mentions > 0 && <span class="mentions" aria-label={`${mentions} mention you`}>@{mentions}</span>}
    </button>
  );
}

function Connection({ chat }: { chat: Chat }) {
  const [now, setNow] = useState(Date.now());
  const { link } = chat;
  useEffect(() => {
    if (link.state !== "offline") return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [link]);
  return <span class={`link ${link.state}`} role="status">{words()}</span>;

  function words() {
    switch (link.state) {
      case "online":
        return `● ${chat.me.display_name}`;
      case "connecting":
        return "◌ connecting";
      case "offline":
        return `○ offline, again in ${Math.max(1, Math.ceil((link.retryAt - now) / 1000))} s`;
    }
  }
}
