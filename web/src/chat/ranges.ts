// Which places of a stream are known: disjoint ranges, in order, never touching.

export interface Range {
  from: number;
  to: number;
}

export class Ranges {
  private ranges: Range[] = [];

  /** Adds a range, joining what it touches; an empty one adds nothing. */
  add(from: number, to: number): void {
    if (from > to) return;
    const before = this.ranges.filter((range) => range.to + 1 < from);
    const behind = this.ranges.filter((range) => range.from > to + 1);
    const touched = this.ranges.slice(before.length, this.ranges.length - behind.length);
    const joined = {
      from: Math.min(from, touched[0]?.from ?? from),
      to: Math.max(to, touched.at(-1)?.to ?? to),
    };
    this.ranges = [...before, joined, ...behind];
  }

  /** The holes inside `from..=to`, in order. */
  holes(from: number, to: number): Range[] {
    const holes: Range[] = [];
    let next = from;
    for (const range of this.ranges) {
      if (range.from > to) break;
      if (range.from > next) holes.push({ from: next, to: range.from - 1 });
      next = Math.max(next, range.to + 1);
    }
    if (next <= to) holes.push({ from: next, to });
    return holes;
  }

  has(seq: number): boolean {
    return this.ranges.some((range) => range.from <= seq && seq <= range.to);
  }
}
