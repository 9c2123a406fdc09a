// Times and colours, the same everywhere.

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

function formatted(format: Intl.DateTimeFormat, time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : format.format(date);
}

export const timeOf = (time: string) => formatted(TIME, time);
export const dayOf = (time: string) => formatted(DAY, time);
export const wholeTime = (time: string) => formatted(WHOLE, time);

/** How many colours there are for authors, in `style.css`. */
const COLOURS = 8;

/** A colour that stays with its owner. */
export function colourOf(id: string): string {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return `author-${sum % COLOURS}`;
}
