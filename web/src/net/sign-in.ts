// Signing in with code and PKCE. Tokens stay in memory; what a redirect needs (state, verifier) lies in the tab's own storage
// until it is used. After a reload the issuer is asked without a page of its own, if this tab was signed in before.

import { ErrorResponse, InMemoryWebStorage, UserManager, WebStorageStateStore, type User } from "oidc-client-ts";
import type { WellKnown } from "../protocol/rest";
import { SignedOut } from "./signed-out";

/** Not a token: only whether it makes sense to ask the issuer without the person. */
const HINT = "echopulse.signed-in";
/** A token that ends sooner than this is renewed before it is used, in seconds. */
const SPARE = 20;

export class SignIn {
  private readonly users: UserManager;
  private readonly issuer: string;
  private user?: User;
  private renewing?: Promise<User>;

  constructor(deployment: WellKnown) {
    this.issuer = deployment.issuer;
    this.users = new UserManager({
      authority: deployment.issuer,
      client_id: deployment.clients.web,
      redirect_uri: `${location.origin}/`,
      post_logout_redirect_uri: `${location.origin}/`,
      response_type: "code",
      scope: "openid profile",
      automaticSilentRenew: false,
      monitorSession: false,
      loadUserInfo: false,
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
      stateStore: new WebStorageStateStore({ store: sessionStorage }),
    });
  }

  /** Ends a redirect that is under way, or begins a silent one. Answers whether somebody is signed in; never, while the page is left. */
  async resume(): Promise<boolean> {
    const answer = new URLSearchParams(location.search);
    if (answer.has("state") && (answer.has("code") || answer.has("error"))) return this.finish(answer);
    if (sessionStorage.getItem(HINT) === null) return false;
    sessionStorage.removeItem(HINT);
    return this.leave("none");
  }

  /** Goes to the issuer's page, and comes back to where we are. */
  begin(): Promise<never> {
    return this.leave();
  }

  async end(): Promise<void> {
    sessionStorage.removeItem(HINT);
    // Without a user no ID token goes into the address of the issuer's page.
    await this.users.removeUser();
    await this.users.signoutRedirect();
  }

  /** An access token that holds for a while; `fresh` asks for another one than the last. */
  async token(fresh: boolean): Promise<string> {
    if (!this.user) throw new SignedOut("Nobody is signed in.");
    if (fresh || (this.user.expires_in ?? 0) < SPARE) {
      // A refresh token is good for one use: all who need a new one wait for the same.
      this.renewing ??= this.renew().finally(() => (this.renewing = undefined));
      this.user = await this.renewing;
    }
    return this.user.access_token;
  }

  private async renew(): Promise<User> {
    try {
      const user = await this.users.signinSilent();
      if (user) return user;
    } catch (error) {
      // What the issuer refused stays refused; whatever else failed may work later.
      if (!(error instanceof ErrorResponse)) throw error;
    }
    throw new SignedOut("the sign-in is over");
  }

  private async finish(answer: URLSearchParams): Promise<boolean> {
    const silent = answer.get("error") === "login_required";
    // The code leaves the address and the history before anything else happens.
    const url = location.href;
    history.replaceState(null, "", "/");
    // RFC 9207: the answer of another issuer is none of ours.
    const issuer = answer.get("iss");
    if (issuer !== null && issuer !== this.issuer) throw new Error("The answer comes from another issuer.");
    try {
      const user = await this.users.signinRedirectCallback(url);
      history.replaceState(null, "", ownPath(user.state));
      this.user = user;
      sessionStorage.setItem(HINT, "yes");
      return true;
    } catch (error) {
      const state = (error as { state?: unknown }).state;
      history.replaceState(null, "", ownPath(state));
      if (silent) return false;
      throw error;
    }
  }

  private async leave(prompt?: "none"): Promise<never> {
    const state = `${location.pathname}${location.hash}`;
    await this.users.signinRedirect(prompt ? { state, prompt } : { state });
    return new Promise(() => undefined);
  }
}

/** Where to go after a redirect: a path of ours, whatever was kept. */
function ownPath(kept: unknown): string {
  return typeof kept === "string" && /^\/(join\/\w{1,32})?(#[\w/-]*)?$/.test(kept) ? kept : "/";
}
