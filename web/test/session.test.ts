import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Told } from "../src/net/follow";
import { Session, type Outcome } from "../src/net/session";
import { SignedOut } from "../src/net/signed-out";
import type { Headers, WireListener } from "../src/net/wire";
import { EPOCH, created } from "./support";

/** A service that writes down what it hears. */
class Service {
  readonly heard: [string, string, Headers][] = [];
  readonly told: [string, Told][] = [];
  readonly over: string[] = [];
  readonly tokens: boolean[] = [];
  listener!: WireListener;
  dials = 0;
  token = () => Promise.resolve("token");

  readonly session = new Session({
    dial: (_, listener) => {
      this.dials++;
      this.listener = listener;
      return {
        send: (destination, headers) => this.heard.push(["SEND", destination, headers]),
        subscribe: (id, destination, headers) => this.heard.push(["SUBSCRIBE", destination, { ...headers, id }]),
        unsubscribe: (id) => this.heard.push(["UNSUBSCRIBE", id, {}]),
        close: () => undefined,
      };
    },
    token: (fresh) => {
      this.tokens.push(fresh);
      return this.token();
    },
    events: {
      link: () => undefined,
      told: (topic, told) => this.told.push([topic, told]),
      refused: (topic, code) => this.over.push(`${topic} ${code}`),
      over: (why) => this.over.push(why.kind),
    },
  });

  async connect(): Promise<void> {
    this.session.connect();
    await vi.advanceTimersByTimeAsync(0);
    this.listener.connected();
  }

  /** The connection breaks, and another one comes. */
  async breaks(): Promise<void> {
    this.listener.closed({ kind: "again", reason: "" });
    this.heard.length = 0;
    await vi.advanceTimersByTimeAsync(30_000);
    this.listener.connected();
  }

  last(destination: string): Headers {
    return this.heard.findLast(([, heard]) => heard === destination)?.[2] ?? {};
  }

  tell(topic: string, body: unknown): void {
    this.listener.message(this.last(topic)["id"] ?? "", {}, JSON.stringify(body));
  }

  refuse(receipt: string | undefined, code: string): void {
    this.listener.message("replies", {}, JSON.stringify({ receipt_id: receipt, code, detail: "no" }));
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a network that is away ends the connection at once, and what is sent meanwhile waits", async () => {
  const service = new Service();
  await service.connect();
  service.session.lost();
  void service.session.send("/app/channels/c/messages", { content: "later" }, "n1");
  expect(service.last("/app/channels/c/messages")).toEqual({});
  await vi.advanceTimersByTimeAsync(30_000);
  expect(service.dials).toBe(2);
  service.listener.connected();
  expect(service.last("/app/channels/c/messages")).toMatchObject({ nonce: "n1" });
});

test("a fresh connection resumes behind the last event that was had", async () => {
  const service = new Service();
  service.session.follow("/channels/c", { epoch: EPOCH, after: 3 });
  await service.connect();
  expect(service.last("/channels/c")).toMatchObject({ epoch: EPOCH, after: "3" });
  service.tell("/channels/c", created(4));
  await service.breaks();
  expect(service.last("/channels/c")).toMatchObject({ epoch: EPOCH, after: "4" });
  service.tell("/channels/c", created(4));
  service.tell("/channels/c", created(5));
  expect(service.told).toHaveLength(2);
});

test("a send without an answer is said again with its nonce", async () => {
  const service = new Service();
  const outcome = service.session.send("/app/x", { content: "hi" }, "nonce-1");
  await service.connect();
  await service.breaks();
  const { receipt, nonce } = service.last("/app/x");
  expect(nonce).toBe("nonce-1");
  service.listener.receipt(receipt ?? "", { "message-id": "m1", epoch: EPOCH, seq: "1" });
  await expect(outcome).resolves.toEqual({ kind: "done", id: "m1" });
  await service.breaks();
  expect(service.last("/app/x")).toEqual({});
});

test("a refusal is final, unless the service had no time", async () => {
  const service = new Service();
  await service.connect();
  const refused = service.session.send("/app/x", {}, "n");
  service.refuse(service.last("/app/x")["receipt"], "slow-mode");
  await expect(refused).resolves.toMatchObject({ kind: "refused", code: "slow-mode" });

  const outcomes: Outcome[] = [];
  void service.session.send("/app/y", {}, "n").then((outcome) => outcomes.push(outcome));
  for (let tries = 0; tries < 5; tries++) {
    expect(outcomes).toEqual([]);
    service.refuse(service.last("/app/y")["receipt"], "overloaded");
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(outcomes).toEqual([{ kind: "unknown" }]);
  expect(service.heard.filter(([, destination]) => destination === "/app/y")).toHaveLength(5);
});

test("what came too early is said again, however often", async () => {
  const service = new Service();
  await service.connect();
  const outcomes: Outcome[] = [];
  void service.session.send("/app/x", {}, "n").then((outcome) => outcomes.push(outcome));
  for (let tries = 0; tries < 12; tries++) {
    service.refuse(service.last("/app/x")["receipt"], "rate-limited");
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(outcomes).toEqual([]);
  expect(service.heard.filter(([, destination]) => destination === "/app/x")).toHaveLength(13);
});

test("what ended or was refused is followed no more", async () => {
  const service = new Service();
  service.session.follow("/channels/c");
  service.session.follow("/channels/d");
  await service.connect();
  service.tell("/channels/c", { event: "ended", code: "kicked", version: 1, stream: "channel/c" });
  service.refuse(service.last("/channels/d")["receipt"], "channel-not-found");
  expect(service.told).toEqual([["/channels/c", { kind: "ended", code: "kicked" }]]);
  expect(service.over).toEqual(["/channels/d channel-not-found"]);
  await service.breaks();
  expect(service.heard.map(([, destination]) => destination)).toEqual(["/user/queue/replies"]);
});

test("nobody unsubscribes from what may be refused", async () => {
  const service = new Service();
  await service.connect();
  service.session.follow("/channels/c");
  const { id = "" } = service.last("/channels/c");
  service.session.unfollow("/channels/c");
  expect(service.heard.some(([frame]) => frame === "UNSUBSCRIBE")).toBe(false);
  service.listener.receipt(id, { epoch: EPOCH, seq: "9" });
  expect(service.heard.at(-1)).toEqual(["UNSUBSCRIBE", id, {}]);
});

test("a broken event stops nothing and counts as had", async () => {
  const service = new Service();
  service.session.follow("/channels/c", { epoch: EPOCH, after: 1 });
  await service.connect();
  const { id = "" } = service.last("/channels/c");
  service.listener.message(id, { epoch: EPOCH, seq: "2" }, "{broken");
  service.tell("/channels/c", { ...created(3), version: 2 });
  await service.breaks();
  expect(service.last("/channels/c")).toMatchObject({ after: "3" });
});

test("a refused token is renewed once; refused again, the session is over", async () => {
  const service = new Service();
  await service.connect();
  service.listener.closed({ kind: "token", reason: "" });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(service.tokens).toEqual([false, true]);
  service.listener.closed({ kind: "token", reason: "" });
  expect(service.over).toEqual(["token"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(service.dials).toBe(2);
});

test("without a sign-in the session is over; without a network it is not", async () => {
  const service = new Service();
  service.token = () => Promise.reject(new Error("no network"));
  service.session.connect();
  await vi.advanceTimersByTimeAsync(0);
  expect(service.over).toEqual([]);
  service.token = () => Promise.reject(new SignedOut("over"));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(service.over).toEqual(["forbidden"]);
});

test("before the token ends the session gets another one", async () => {
  const service = new Service();
  service.session.follow("/user/queue/events");
  await service.connect();
  service.tell("/user/queue/events", { event: "session.expiring", expires_at: "", version: 1, stream: "user/u" });
  await vi.advanceTimersByTimeAsync(0);
  expect(service.last("/app/session/refresh")).toEqual({ Authorization: "Bearer token" });
});
