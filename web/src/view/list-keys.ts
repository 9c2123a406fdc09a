// Keys in the list of messages: arrows walk the rows, letters act on the one that has the focus.

import type { Action } from "./message";
import { placeOf, rowsOf } from "./place";

const STEPS: Record<string, number> = { ArrowUp: -1, k: -1, ArrowDown: 1, j: 1 };
const ACTIONS: Record<string, Action> = { r: "reply", e: "edit", d: "delete", Delete: "delete", u: "unread" };

export function onListKey(event: KeyboardEvent, list: HTMLElement, act: (action: Action, place: number) => void): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = rowsOf(list);
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[at];
  const [step, action] = [STEPS[event.key], ACTIONS[event.key]];
  if (step !== undefined) focus(rows[row ? at + step : rows.length - 1]);
  else if (action && row && event.target === row) act(action, placeOf(row));
  else if (event.key === "Escape") document.querySelector<HTMLElement>(".composer textarea")?.focus();
  else return;
  event.preventDefault();
}

function focus(row: HTMLElement | undefined): void {
  // Of a hole the button takes the focus: Enter fills it.
  (row?.querySelector<HTMLElement>(":scope > button") ?? row)?.focus();
  row?.scrollIntoView({ block: "nearest" });
}
