// What lies in front of the chat: go to, join, make a server, invite, delete, help. The browser's own dialogs keep the focus inside.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../app";
import type { Chat } from "../chat/chat";
import type { Message } from "../protocol/entity";
import type { InvitePreview } from "../protocol/rest";
import { GoTo } from "./go-to";

export function Dialogs({ app, chat }: { app: App; chat: Chat }) {
  const { dialog } = app;
  switch (dialog?.kind) {
    case undefined:
      return null;
    case "go-to":
      return <Frame app={app} title="Go to"><GoTo app={app} chat={chat} /></Frame>;
    case "join":
      return <Frame app={app} title="Join a server"><Join app={app} chat={chat} given={dialog.code} /></Frame>;
    case "create":
      return <Frame app={app} title="Make a server"><Create app={app} chat={chat} /></Frame>;
    case "invite":
      return <Frame app={app} title="Invite people"><Invite chat={chat} server={dialog.server} /></Frame>;
    case "delete":
      return <Frame app={app} title="Delete this message?"><Delete app={app} chat={chat} message={dialog.message} /></Frame>;
    case "help":
      return <Frame app={app} title="Keys"><Help /></Frame>;
  }
}

function Frame({ app, title, children }: { app: App; title: string; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = useRef(app.dialog);
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={() => asked.current === app.dialog && app.closeDialog()}>
      <h1 id="dialog-title">{title}</h1>
      {children}
      <form method="dialog" class="close"><button>Close</button></form>
    </dialog>
  );
}

/** Work that a button starts: whether it runs, and what went wrong. */
function useWork(): { isBusy: boolean; problem: string; run(work: () => Promise<void>): void } {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setProblem("");
    work()
      .catch((error: Error) => setProblem(error.message))
      .finally(() => setBusy(false));
  };
  return { isBusy, problem, run };
}

function Problem({ text }: { text: string }) {
  return text === "" ? null : <p class="problem" role="alert">{text}</p>;
}

function Join({ app, chat, given }: { app: App; chat: Chat; given: string }) {
  const [code, setCode] = useState(given);
  const [preview, setPreview] = useState<InvitePreview>();
  const { isBusy, problem, run } = useWork();
  const look = (code: string) => run(async () => setPreview(await chat.preview(code)));
  useEffect(() => {
    if (given !== "") look(given);
  }, [given]);
  if (given !== "" && !preview && problem === "") return <p role="status">Looking at the invite…</p>;
  if (preview) {
    const people = preview.member_count === 1 ? "1 member" : `${preview.member_count} members`;
    return (
      <>
        <p><strong>{preview.name}</strong> · {people} · invited by {preview.inviter}</p>
        {preview.description && <p>{preview.description}</p>}
        <Problem text={problem} />
        <button class="primary" data-first disabled={isBusy} onClick={() => run(async () => {
          await chat.join(preview.code);
          app.closeDialog();
        })}>Join {preview.name}</button>
      </>
    );
  }
  return (
    <form onSubmit={(event) => { event.preventDefault(); look(codeIn(code)); }}>
      <label>Invite link or code <input data-first value={code} required onInput={(event) => setCode(event.currentTarget.value)} /></label>
      <Problem text={problem} />
      <button class="primary" disabled={isBusy || code.trim() === ""}>Look at it</button>
    </form>
  );
}

/** The code of an invite, out of a link or by itself. */
function codeIn(text: string): string {
  return text.trim().split(/[/?#]/).filter(Boolean).at(-1) ?? "";
}

function Create({ app, chat }: { app: App; chat: Chat }) {
  const [name, setName] = useState("");
  const { isBusy, problem, run } = useWork();
  return (
    <form onSubmit={(event) => {
      event.preventDefault();
      run(async () => {
        await chat.createServer(name);
        app.closeDialog();
      });
    }}>
      <label>Its name <input data-first value={name} required maxLength={100} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <Problem text={problem} />
      <button class="primary" disabled={isBusy || name.trim() === ""}>Make it</button>
    </form>
  );
}

function Invite({ chat, server }: { chat: Chat; server: string }) {
  const [link, setLink] = useState("");
  const { problem, run } = useWork();
  useEffect(() => run(async () => setLink(await chat.invite(server))), [server]);
  return (
    <>
      <p>Whoever opens this link within a week can join.</p>
      <Problem text={problem} />
      <label>Link <input data-first readOnly value={link} onFocus={(event) => event.currentTarget.select()} /></label>
      <button disabled={link === ""} onClick={() => run(() => navigator.clipboard.writeText(link))}>Copy</button>
    </>
  );
}

function Delete({ app, chat, message }: { app: App; chat: Chat; message: Message }) {
  const remove = () => {
    void chat.writing.delete(message);
    app.closeDialog();
  };
  return (
    <>
      <p>It is gone for everybody, and cannot be brought back.</p>
      <button class="primary danger" data-first onClick={remove}>Delete</button>
    </>
  );
}

const KEYS = [
  ["Ctrl K", "go to a channel"],
  ["Alt ↑ ↓", "the channel before or behind"],
  ["Enter", "send"],
  ["Shift Enter", "a new line"],
  ["↑ in an empty line", "edit your last message"],
  ["@ and #", "complete a name"],
  ["↑ ↓ in the list", "walk the messages"],
  ["r e d u", "reply, edit, delete, mark unread"],
  ["Esc", "back to writing"],
  ["?", "this page"],
];

function Help() {
  return <dl class="keys">{KEYS.map(([key, what]) => <div key={key}><dt>{key}</dt><dd>{what}</dd></div>)}</dl>;
}
