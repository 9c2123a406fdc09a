// The page: signed out, or a chat, and what lies in front of it. Views read it and call it; it asks for a redraw, once per frame.

import { Chat } from "./chat/chat";
import { discover } from "./net/deployment";
import { Rest } from "./net/rest";
import { SignIn } from "./net/sign-in";
import { SignedOut } from "./net/signed-out";
import { dialer } from "./net/stomp";
import type { Message, User } from "./protocol/entity";

export type Phase =
  | { kind: "starting" }
  | { kind: "signed-out"; reason?: string }
  | { kind: "failed"; reason: string }
  | { kind: "chat"; chat: Chat };

export type Dialog =
  | { kind: "go-to" }
  | { kind: "join"; code: string }
  | { kind: "create" }
  | { kind: "invite"; server: string }
  | { kind: "delete"; message: Message }
  | { kind: "help" };

/** What the composer is about, beside a plain new message. */
export type About = { kind: "reply" | "edit"; message: Message };

/** Wide enough for three panes. */
const WIDE = matchMedia("(min-width: 1000px)");
/** Of a message, so much is read out by itself. */
const LONGEST_SPOKEN = 200;
/** A page that slept longer than this does not trust its connection. */
const SLEPT_MS = 45_000;

export class App {
  phase: Phase = { kind: "starting" };
  dialog?: Dialog;
  /** Counts dialogs, so that one that follows another at once is not taken for it. */
  dialogs = 0;
  about?: About;
  /** Read out by screen readers. */
  announcement = "";
  showServers = false;
  showMembers = WIDE.matches;
  readonly drafts = new Map<string, string>();
  private signIn?: SignIn;
  private frame = 0;

  constructor(private readonly draw: () => void) {
    WIDE.addEventListener("change", () => {
      this.showMembers = WIDE.matches;
      this.changed();
    });
  }

  get chat(): Chat | undefined {
    return this.phase.kind === "chat" ? this.phase.chat : undefined;
  }

  /** The invite that the address names. */
  get invite(): string | undefined {
    return /^\/join\/(\w{1,32})$/.exec(location.pathname)?.[1];
  }

  async start(): Promise<void> {
    try {
      const deployment = await discover();
      const signIn = new SignIn(deployment);
      this.signIn = signIn;
      if (!(await signIn.resume())) return this.turn({ kind: "signed-out" });
      const token = (fresh: boolean) => signIn.token(fresh);
      const rest = { server: new Rest(deployment.server, token), chat: new Rest(deployment.chat, token) };
      const me = await rest.server.get<User>("/users/me");
      const chat = new Chat({
        me,
        rest,
        dial: dialer(deployment.chat),
        token,
        changed: () => this.changed(),
        over: ({ reason }) => this.turn({ kind: "signed-out", reason: `Your session has ended: ${reason}.` }),
        heard: ({ author, content }) => this.announce(`${author.name}: ${content.slice(0, LONGEST_SPOKEN)}`),
      });
      this.turn({ kind: "chat", chat });
      this.watch(chat);
      await chat.start(location.hash.slice(1));
      if (this.invite !== undefined) this.ask({ kind: "join", code: this.invite });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.turn(error instanceof SignedOut ? { kind: "signed-out", reason } : { kind: "failed", reason });
    }
  }

  beginSignIn(): void {
    void this.signIn?.begin();
  }

  signOut(): void {
    this.signIn?.end().catch((error: Error) => this.turn({ kind: "failed", reason: error.message }));
  }

  ask(dialog: Dialog): void {
    this.dialog = dialog;
    this.dialogs++;
    this.changed();
  }

  closeDialog(): void {
    this.dialog = undefined;
    if (this.invite !== undefined) history.replaceState(null, "", `/${location.hash}`);
    this.changed();
  }

  openChannel(id: string): void {
    this.about = undefined;
    this.showServers = false;
    this.chat?.openChannel(id);
    this.changed();
  }

  /** The channel before or behind the open one. */
  openNext(step: 1 | -1): void {
    const channels = this.chat?.servers.channels ?? [];
    const at = channels.findIndex(({ id }) => id === this.chat?.open?.channel.id);
    const next = channels[(at + step + channels.length) % channels.length];
    if (next) this.openChannel(next.id);
  }

  writeAbout(about: About | undefined): void {
    this.about = about;
    this.changed();
  }

  toggleServers(): void {
    this.showServers = !this.showServers;
    if (!WIDE.matches) this.showMembers = false;
    this.changed();
  }

  toggleMembers(): void {
    this.showMembers = !this.showMembers;
    this.showServers = false;
    this.changed();
  }

  announce(text: string): void {
    this.announcement = text;
    this.changed();
  }

  /** Draws before the next frame, however much changed. */
  changed(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private turn(phase: Phase): void {
    this.phase = phase;
    this.changed();
  }

  private watch(chat: Chat): void {
    addEventListener("online", () => chat.reconnect());
    addEventListener("offline", () => chat.lost());
    addEventListener("beforeunload", (event) => chat.writing.outbox.waits && event.preventDefault());
    let seen = Date.now();
    setInterval(() => {
      const slept = Date.now() - seen > SLEPT_MS;
      seen = Date.now();
      if (slept) chat.reconnect();
    }, 5_000);
  }
}
