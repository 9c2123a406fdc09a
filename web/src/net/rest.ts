// REST: every call with a token, every refusal with its code.

import { read } from "../protocol/read";
import type { Page, Problem } from "../protocol/rest";

/** A call that was refused, or found nobody. */
export class RestError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

/** The longest wait before a read is tried again by itself, in seconds. */
const PATIENCE = 5;

/** How long one call waits, all in all, where it came too early, in seconds. */
const LONGEST = 60;

/** One service, at one or more addresses. */
export class Rest {
  private turn: number;

  constructor(
    private readonly bases: string[],
    private readonly token: (fresh: boolean) => Promise<string>,
  ) {
    this.turn = Math.floor(Math.random() * bases.length);
  }

  /** Reads; what the service has no time for is asked once more. */
  async get<T>(path: string): Promise<T> {
    try {
      return await this.call<T>("GET", path);
    } catch (error) {
      if (!(error instanceof RestError) || error.retryAfter === 0 || error.retryAfter > PATIENCE) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter * 1000));
      return this.call<T>("GET", path);
    }
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.call<T>("POST", path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>("PUT", path, body);
  }

  /** All items of a list, at most `most`. */
  async all<T>(path: string, most: number): Promise<T[]> {
    const items: T[] = [];
    let next: string | undefined;
    do {
      const cursor = next === undefined ? "" : `&cursor=${encodeURIComponent(next)}`;
      const page: Page<T> = await this.get(`${path}?limit=100${cursor}`);
      items.push(...page.items);
      next = page.next;
    } while (next !== undefined && items.length < most);
    return items;
  }

  private async call<T>(method: Method, path: string, body?: unknown, waited = 0): Promise<T> {
    let response = await this.ask(method, path, body, false);
    if (response.status === 401) response = await this.ask(method, path, body, true);
    const text = await response.text();
    if (response.ok) return (text === "" ? undefined : read(text)) as T;
    const refused = refusal(response, text);
    // Nothing came of what was asked too early, so that it may be asked again.
    const pause = refused.code === "rate-limited" ? Math.max(refused.retryAfter, 1) : Infinity;
    if (waited + pause > LONGEST) throw refused;
    await new Promise((done) => setTimeout(done, pause * 1000));
    return this.call<T>(method, path, body, waited + pause);
  }

  private async ask(method: Method, path: string, body: unknown, fresh: boolean): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${await this.token(fresh)}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const request = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
    for (let tries = 1; ; tries++) {
      try {
        return await fetch(`${this.bases[this.turn]}/api${path}`, request);
      } catch {
        // Another address may answer. What changes something is not said twice: it may have arrived.
        this.turn = (this.turn + 1) % this.bases.length;
        if (method !== "GET" || tries >= this.bases.length) {
          throw new RestError("unreachable", "The service cannot be reached.");
        }
      }
    }
  }
}

function refusal(response: Response, text: string): RestError {
  try {
    const problem = read(text) as Problem;
    return new RestError(problem.code, problem.detail, problem.retry_after);
  } catch {
    return new RestError("unknown", `The service answers with status ${response.status}.`);
  }
}
