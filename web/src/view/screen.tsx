// The whole page, by what it is in.

import { useEffect } from "preact/hooks";
import type { App } from "../app";
import type { Chat } from "../chat/chat";
import { ChannelView } from "./channel";
import { Dialogs } from "./dialogs";
import { Members } from "./members";
import { Sidebar } from "./sidebar";

export function Screen({ app }: { app: App }) {
  const { phase } = app;
  switch (phase.kind) {
    case "starting":
      return <Plain><p role="status">Connecting…</p></Plain>;
    case "failed":
      return (
        <Plain>
          <p role="alert">{phase.reason}</p>
          <button class="primary" onClick={() => location.reload()}>Try again</button>
        </Plain>
      );
    case "signed-out":
      return (
        <Plain>
          {phase.reason && <p role="alert">{phase.reason}</p>}
          <p>{app.invite ? "You are invited. Sign in, and you can join." : "Sign in to talk with your people."}</p>
          <button class="primary" autofocus onClick={() => app.beginSignIn()}>Sign in</button>
          <p class="dim">
            This deployment is <code>{location.host}</code>. In a terminal: <code>echopulse login {location.origin}</code>
          </p>
        </Plain>
      );
    case "chat":
      return <ChatScreen app={app} chat={phase.chat} />;
  }
}

function Plain({ children }: { children: preact.ComponentChildren }) {
  return (
    <main class="plain">
      <h1>EchoPulse</h1>
      {children}
    </main>
  );
}

function ChatScreen({ app, chat }: { app: App; chat: Chat }) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => shortcut(app, event);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [app]);
  const { open } = chat;
  useEffect(() => {
    const isCalled = chat.servers.channels.some(({ id }) => chat.reading.unread.of(id).mentions > 0);
    document.title = `${isCalled ? "• " : ""}${open ? `#${open.channel.name} · ` : ""}EchoPulse`;
    if (open) history.replaceState(null, "", `${location.pathname}#${open.channel.id}`);
  });
  const panes = `panes${app.showServers ? " servers-open" : ""}${app.showMembers && open ? " members-open" : ""}`;
  return (
    <div class={panes}>
      <Sidebar app={app} chat={chat} />
      {open ? <ChannelView app={app} chat={chat} open={open} /> : <Empty app={app} chat={chat} />}
      {open && app.showMembers && <Members chat={chat} server={open.server} />}
      {chat.notice && (
        <div class="notice" role="alert">
          {chat.notice} <button onClick={() => chat.dismiss()}>Dismiss</button>
        </div>
      )}
      <div class="unseen" aria-live="polite">{app.announcement}</div>
      <Dialogs key={app.dialogs} app={app} chat={chat} />
    </div>
  );
}

function Empty({ app, chat }: { app: App; chat: Chat }) {
  if (!chat.isLoaded) return <main class="channel empty"><p role="status">Loading…</p></main>;
  return (
    <main class="channel empty">
      <h1>You are not in a server yet.</h1>
      <p>
        <button class="primary" onClick={() => app.ask({ kind: "create" })}>Make one</button>{" "}
        <button onClick={() => app.ask({ kind: "join", code: "" })}>Join one with an invite</button>
      </p>
    </main>
  );
}

/** Keys that work everywhere. */
function shortcut(app: App, event: KeyboardEvent): void {
  const { key, ctrlKey, metaKey, altKey } = event;
  const isWriting = event.target instanceof Element && event.target.closest("input, textarea, dialog") !== null;
  if ((ctrlKey || metaKey) && key === "k") app.ask({ kind: "go-to" });
  else if (altKey && key === "ArrowDown") app.openNext(1);
  else if (altKey && key === "ArrowUp") app.openNext(-1);
  else if (key === "?" && !isWriting) app.ask({ kind: "help" });
  else return;
  event.preventDefault();
}
