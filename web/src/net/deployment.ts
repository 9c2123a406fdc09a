// Where everything is: a deployment is found by one URL, the one this page came from.

import { read } from "../protocol/read";
import type { WellKnown } from "../protocol/rest";

/** Reads the well-known document. */
export async function discover(): Promise<WellKnown> {
  const response = await fetch("/.well-known/echopulse");
  if (!response.ok) throw new Error(`The deployment answers with status ${response.status}.`);
  const found = read(await response.text()) as WellKnown;
  if (!found.issuer || !found.clients?.web || !found.server?.length || !found.chat?.length) {
    throw new Error("This address is no EchoPulse deployment.");
  }
  return found;
}
