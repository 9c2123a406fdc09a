/** Work that runs once at a time. Asked for while it runs, it runs once more behind that, however often it was asked for. */
export class Once {
  private running?: Promise<void>;
  private next?: Promise<void>;

  constructor(private readonly work: () => Promise<void>) {}

  run(): Promise<void> {
    if (!this.running) {
      this.running = this.work().finally(() => (this.running = undefined));
      return this.running;
    }
    const again = () => {
      this.next = undefined;
      return this.run();
    };
    this.next ??= this.running.then(again, again);
    return this.next;
  }
}
