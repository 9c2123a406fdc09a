// Who is writing where. It is forgotten without another sign of it.

const FORGET_MS = 8_000;

export class Typing {
  private readonly timers = new Map<string, Map<string, ReturnType<typeof setTimeout>>>();

  constructor(private readonly changed: () => void) {}

  in(channel: string): string[] {
    return [...(this.timers.get(channel)?.keys() ?? [])];
  }

  add(channel: string, user: string): void {
    const here = this.timers.get(channel) ?? new Map<string, ReturnType<typeof setTimeout>>();
    this.timers.set(channel, here);
    clearTimeout(here.get(user));
    here.set(
      user,
      setTimeout(() => {
        this.remove(channel, user);
        this.changed();
      }, FORGET_MS),
    );
  }

  remove(channel: string, user: string): void {
    const here = this.timers.get(channel);
    clearTimeout(here?.get(user));
    here?.delete(user);
  }
}
