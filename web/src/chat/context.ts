// What all parts of a chat share: who it is for, the services, the session, and how to say that something changed or failed.

import type { Rest } from "../net/rest";
import type { Session } from "../net/session";
import type { User } from "../protocol/entity";
import type { Servers } from "./servers";

export interface Context {
  readonly me: User;
  readonly rest: { server: Rest; chat: Rest };
  readonly session: Session;
  readonly servers: Servers;
  changed(): void;
  /** Says what went wrong. */
  complain(error: unknown): void;
}

/** Does something, and says if it failed. */
export async function attempt(context: Context, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.complain(error);
  }
  context.changed();
}
