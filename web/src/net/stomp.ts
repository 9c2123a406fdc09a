// STOMP over WebSocket, by @stomp/stompjs. Its own reconnecting is off: the session knows what to say again.

import { Client, StompSocketState, type IFrame } from "@stomp/stompjs";
import { shown } from "../protocol/read";
import type { Closed, Dial, Wire } from "./wire";

const HEARTBEAT_MS = 10_000;
const CONNECT_MS = 15_000;

const UNAUTHENTICATED = 4401;
const FORBIDDEN = 4403;
const TOKEN_CODES = ["token-invalid", "token-expired", "unauthenticated"];
const FINAL_CODES = ["suspended", "realm-role-missing", "unsupported-version"];

function afterError(frame: IFrame): Closed {
  const code = frame.headers["message"] ?? "";
  const reason = shown(frame.body || code);
  if (TOKEN_CODES.includes(code)) return { kind: "token", reason };
  return { kind: FINAL_CODES.includes(code) ? "forbidden" : "again", reason };
}

function afterClose(event: CloseEvent): Closed {
  const reason = shown(event.reason || `closed with ${event.code}`);
  if (event.code === UNAUTHENTICATED) return { kind: "token", reason };
  return { kind: event.code === FORBIDDEN ? "forbidden" : "again", reason };
}

/** Connects to one of the chat service's addresses, another one each time. */
export function dialer(bases: string[]): Dial {
  let turn = Math.floor(Math.random() * bases.length);
  return (token, listener) => {
    const base = bases[turn++ % bases.length] ?? "";
    let error: Closed | undefined;
    let over = false;
    const end = (why: Closed) => {
      if (over) return;
      over = true;
      void client.deactivate({ force: true });
      listener.closed(why);
    };
    const client = new Client({
      brokerURL: `${base.replace(/^http/, "ws")}/ws`,
      connectHeaders: { Authorization: `Bearer ${token}` },
      connectionTimeout: CONNECT_MS,
      reconnectDelay: 0,
      heartbeatIncoming: HEARTBEAT_MS,
      heartbeatOutgoing: HEARTBEAT_MS,
      // A network that is gone answers no close either.
      discardWebsocketOnCommFailure: true,
      onConnect: () => !over && listener.connected(),
      onUnhandledReceipt: (frame) => !over && listener.receipt(frame.headers["receipt-id"] ?? "", frame.headers),
      onStompError: (frame) => (error = afterError(frame)),
      onWebSocketClose: (event: CloseEvent) => end(error ?? afterClose(event)),
    });
    client.activate();
    // The library throws where nobody listens any more; the session hears of the end in a moment.
    const say = (word: () => void) => {
      if (client.connected) word();
    };
    const wire: Wire = {
      send: (destination, headers, body) => say(() => client.publish({ destination, headers, body })),
      subscribe: (id, destination, headers) => {
        const told = (frame: IFrame) => !over && listener.message(id, frame.headers, frame.body);
        say(() => client.subscribe(destination, told, { ...headers, id }));
      },
      unsubscribe: (id) => say(() => client.unsubscribe(id)),
      close: () => {
        over = true;
        // A connection that is gone already needs no goodbye.
        const force = client.webSocket?.readyState !== StompSocketState.OPEN;
        void client.deactivate({ force });
      },
    };
    return wire;
  };
}
