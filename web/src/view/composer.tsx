// Where one writes. Enter sends, Shift+Enter begins a line, Up edits the last message, `@` and `#` complete.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../app";
import type { Chat, Open } from "../chat/chat";
import { fromWire, nameable, toWire, unfinished, type Named } from "../text/mentions";

/** Proposals shown at once. */
const MOST = 8;
/** What the service takes in one message. */
const LONGEST = 4000;

export function Composer({ app, chat, open }: { app: App; chat: Chat; open: Open }) {
  const { channel, server, timeline } = open;
  const { about } = app;
  const known = nameable(server);
  const [text, setText] = useState("");
  const [cursor, setCursor] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [isHidden, hide] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const typed = unfinished(text, cursor);
  const proposals = typed && !isHidden ? matching(known, typed.typed) : [];
  const tooLong = [...text].length - LONGEST;

  const isOpened = useRef(false);
  useLayoutEffect(() => {
    const text = about?.kind === "edit" ? fromWire(about.message.content, known) : (app.drafts.get(channel.id) ?? "");
    setText(text);
    setCursor(text.length);
    // To open a channel brings up no keyboard that covers it.
    if (isOpened.current || matchMedia("(hover: hover)").matches) area.current?.focus();
    isOpened.current = true;
  }, [about]);

  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      {about && (
        <p class="about">
          {about.kind === "edit" ? "Editing your message" : `Replying to ${about.message.author.name}`}
          <button type="button" onClick={() => app.writeAbout(undefined)}>Cancel</button>
        </p>
      )}
      {proposals.length > 0 && (
        <ul class="proposals" id="proposals" role="listbox" aria-label="Completions">
          {proposals.map((named, index) => (
            <li
              key={named.wire}
              id={`proposal-${index}`}
              role="option"
              aria-selected={index === chosen}
              onMouseDown={(event) => { event.preventDefault(); complete(named); }}
            >
              {named.typed} <span class="dim">{named.hint}</span>
            </li>
          ))}
        </ul>
      )}
      <div class="write">
        <textarea
          ref={area}
          rows={1}
          value={text}
          placeholder={`Write to #${channel.name}`}
          aria-label={`Write to ${channel.name}`}
          aria-autocomplete="list"
          aria-controls={proposals.length > 0 ? "proposals" : undefined}
          aria-activedescendant={proposals.length > 0 ? `proposal-${chosen}` : undefined}
          onInput={onInput}
          onSelect={(event) => setCursor(event.currentTarget.selectionStart)}
          onKeyDown={onKey}
        />
        <button type="submit" disabled={text.trim() === "" || tooLong > 0}>{about?.kind === "edit" ? "Save" : "Send"}</button>
      </div>
      {tooLong > 0 && <p class="too-long" role="status">{tooLong} characters too long</p>}
    </form>
  );

  function write(text: string, cursor: number): void {
    setText(text);
    setCursor(cursor);
    setChosen(0);
    hide(false);
    if (about?.kind !== "edit") app.drafts.set(channel.id, text);
  }

  function onInput(event: { currentTarget: HTMLTextAreaElement }): void {
    write(event.currentTarget.value, event.currentTarget.selectionStart);
    if (event.currentTarget.value !== "") chat.writing.type(channel.id);
  }

  function complete(named: Named): void {
    if (!typed) return;
    const before = `${text.slice(0, typed.from)}${named.typed} `;
    write(before + text.slice(cursor), before.length);
    requestAnimationFrame(() => area.current?.setSelectionRange(before.length, before.length));
  }

  function send(): void {
    const content = toWire(text, known);
    if (text.trim() === "" || tooLong > 0) return;
    if (about?.kind === "edit") void chat.writing.edit(about.message, content);
    else chat.writing.post(channel.id, content, about?.message);
    if (about?.kind !== "edit") write("", 0);
    app.writeAbout(undefined);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (proposals.length > 0 ? onProposalKey(event.key) : onPlainKey(event)) event.preventDefault();
  }

  function onProposalKey(key: string): boolean {
    const named = proposals[chosen];
    if (key === "ArrowDown") setChosen((chosen + 1) % proposals.length);
    else if (key === "ArrowUp") setChosen((chosen + proposals.length - 1) % proposals.length);
    else if ((key === "Enter" || key === "Tab") && named) complete(named);
    else if (key === "Escape") hide(true);
    else return false;
    return true;
  }

  function onPlainKey({ key, shiftKey, altKey }: KeyboardEvent): boolean {
    if (key === "Enter" && !shiftKey && !altKey) send();
    else if (key === "Escape" && about) app.writeAbout(undefined);
    else if (key === "ArrowUp" && text === "") editLast();
    else return false;
    return true;
  }

  function editLast(): void {
    const message = timeline.lastOf(chat.me.id);
    if (message) app.writeAbout({ kind: "edit", message });
  }
}

/** What begins like the typed letters, then what holds them. */
function matching(known: Named[], typed: string): Named[] {
  const [sign, letters] = [typed[0] ?? "", typed.slice(1).toLowerCase()];
  const mine = known.filter((named) => named.typed.startsWith(sign));
  const begins = mine.filter((named) => named.typed.slice(1).toLowerCase().startsWith(letters));
  const holds = mine.filter((named) => !begins.includes(named) && named.hint.toLowerCase().includes(letters));
  return [...begins, ...holds].slice(0, MOST);
}
