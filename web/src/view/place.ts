// Where rows are in their list. Rows carry the place of what they show in `data-place`.

/** A row that stays where it is while others come and go. */
export interface Anchor {
  place: string;
  top: number;
}

/** A message counts as seen when so much of it is. */
const LEAD_PX = 24;

export function rowsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[data-place]")];
}

export function placeOf(row: HTMLElement): number {
  return Number(row.dataset["place"]);
}

function topOf(list: HTMLElement, row: HTMLElement): number {
  return row.getBoundingClientRect().top - list.getBoundingClientRect().top;
}

/** The index of the first row, from above, of which something is true: true of it and of all below. */
function firstWhere(rows: HTMLElement[], isTrue: (row: HTMLElement) => boolean): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && isTrue(row)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first row that is on screen. */
export function anchorOf(list: HTMLElement): Anchor | undefined {
  const rows = rowsOf(list);
  const row = rows[firstWhere(rows, (row) => topOf(list, row) + row.offsetHeight > 0)];
  return row && { place: row.dataset["place"] ?? "", top: topOf(list, row) };
}

/** Scrolls so that the anchor's row is where it was. */
export function restore(list: HTMLElement, anchor: Anchor): void {
  const row = list.querySelector<HTMLElement>(`[data-place="${anchor.place}"]`);
  if (row) list.scrollTop += topOf(list, row) - anchor.top;
}

/** The place of the last message whose beginning is on screen. */
export function lastSeen(list: HTMLElement): number | undefined {
  const rows = rowsOf(list);
  const isBelow = (row: HTMLElement) => topOf(list, row) + Math.min(LEAD_PX, row.offsetHeight) > list.clientHeight;
  const row = rows[firstWhere(rows, isBelow) - 1];
  return row && placeOf(row);
}
