// One connection, as the session sees it. `stomp.ts` makes real ones; tests make their own.

export type Headers = Record<string, string>;

/** Why a connection ended: try again, the token does not hold, or do not come back. */
export type Closed = { kind: "again" | "token" | "forbidden"; reason: string };

export interface Wire {
  send(destination: string, headers: Headers, body: string): void;
  subscribe(id: string, destination: string, headers: Headers): void;
  unsubscribe(id: string): void;
  close(): void;
}

export interface WireListener {
  connected(): void;
  receipt(id: string, headers: Headers): void;
  message(subscription: string, headers: Headers, body: string): void;
  /** Called once, and nothing after it. */
  closed(why: Closed): void;
}

export type Dial = (token: string, listener: WireListener) => Wire;
