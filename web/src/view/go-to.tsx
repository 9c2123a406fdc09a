// The fuzzy way to a channel.

import { useState } from "preact/hooks";
import type { App } from "../app";
import type { Chat } from "../chat/chat";

const MOST = 12;

/** Whether the letters stand in the text, in their order. */
function isIn(letters: string, text: string): boolean {
  let at = 0;
  for (const character of text) if (character === letters[at]) at++;
  return at >= letters.length;
}

export function GoTo({ app, chat }: { app: App; chat: Chat }) {
  const [letters, setLetters] = useState("");
  const [chosen, setChosen] = useState(0);
  const wanted = letters.toLowerCase().replace(/[#\s]/g, "");
  const places = [...chat.servers.all.values()].flatMap((server) =>
    server.channels.map(({ id, name }) => ({ id, name, server: server.name, unread: chat.reading.unread.of(id).unread })),
  );
  const found = places
    .filter(({ name, server }) => isIn(wanted, `${name}${server}`.toLowerCase()))
    .toSorted((a, b) => Number(b.name.startsWith(wanted)) - Number(a.name.startsWith(wanted)) || b.unread - a.unread)
    .slice(0, MOST);
  const go = (id: string | undefined) => {
    app.closeDialog();
    if (id !== undefined) app.openChannel(id);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setChosen((chosen + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") go(found[chosen]?.id);
    else return;
    event.preventDefault();
  };
  return (
    <div class="go-to">
      <input
        data-first
        value={letters}
        aria-label="Channel"
        role="combobox"
        aria-expanded="true"
        aria-controls="places"
        aria-activedescendant={`place-${chosen}`}
        onInput={(event) => { setLetters(event.currentTarget.value); setChosen(0); }}
        onKeyDown={onKey}
      />
      <ul id="places" role="listbox" aria-label="Channels">
        {found.map(({ id, name, server, unread }, index) => (
          <li key={id} id={`place-${index}`} role="option" aria-selected={index === chosen} onClick={() => go(id)}>
            # {name} <span class="dim">{server}</span> {unread > 0 && <span class="count">{unread}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
