// webstomp-client: small, old, and in many pages.

import webstomp from "webstomp-client";
import WebSocket from "ws";
import { Inbox, fact, fault, fresh, run, same, url, within } from "./facts.mjs";

const opened = async (version, { protocols = [`v${version.replace(".", "")}.stomp`], debug = () => {}, ...more } = {}) => {
  const socket = new WebSocket(url, protocols);
  const client = webstomp.over(socket, { debug: false, heartbeat: false, protocols, ...more });
  client.debug = debug;
  client.errors = new Inbox();
  client.receipts = new Inbox();
  client.onreceipt = (frame) => client.receipts.push(frame.headers["receipt-id"]);
  const frame = new Promise((resolve) =>
    client.connect({ login: "guest", passcode: "guest" }, resolve, client.errors.push),
  );
  client.frame = await within(frame, "CONNECTED");
  return client;
};

const left = (client) => within(new Promise((resolve) => client.disconnect(resolve)), "the end");

for (const version of ["1.0", "1.1", "1.2"]) {
  const about = (name, check, more) =>
    fact(`${version}: ${name}`, async () => {
      const client = await opened(version, more);
      await check(client);
      await left(client);
    });

  about("connects at the version of its subprotocol", async (client) => {
    same([client.frame.headers.version, client.ws.protocol], [version, `v${version.replace(".", "")}.stomp`]);
  });

  about("hears itself", async (client) => {
    const [destination, inbox] = [fresh("topic"), new Inbox()];
    client.subscribe(destination, inbox.push);
    client.send(destination, "héllo 🦀", { url: "http://a:1/b" });
    const message = await inbox.next();
    same(message.body, "héllo 🦀");
  });

  about("has receipts", async (client) => {
    client.send(fresh("topic"), "x", { receipt: "r1" });
    same(await client.receipts.next(), "r1");
  });

  about("carries a mebibyte in pieces", async (client) => {
    const [destination, inbox] = [fresh("topic"), new Inbox()];
    client.subscribe(destination, inbox.push);
    const body = "0123456789abcdef".repeat(65536);
    client.send(destination, body);
    same((await inbox.next()).body === body, true);
  });

  about("commits and aborts transactions", async (client) => {
    const [destination, inbox] = [fresh("queue"), new Inbox()];
    client.subscribe(destination, inbox.push);
    const [kept, dropped] = [client.begin(), client.begin()];
    client.send(destination, "2", { transaction: kept.id });
    client.send(destination, "never", { transaction: dropped.id });
    client.send(destination, "1");
    dropped.abort();
    kept.commit();
    same([(await inbox.next()).body, (await inbox.next()).body], ["1", "2"]);
  });

  about("acknowledges", async (client) => {
    const [destination, inbox] = [fresh("queue"), new Inbox()];
    client.subscribe(destination, inbox.push, { ack: "client" });
    client.send(destination, "1");
    (await inbox.next()).ack({ receipt: "acknowledged" });
    same(await client.receipts.next(), "acknowledged");
  });

  if (version !== "1.0") {
    about("refuses, and has it again", async (client) => {
      const [destination, inbox] = [fresh("queue"), new Inbox()];
      client.subscribe(destination, inbox.push, { ack: "client-individual" });
      client.send(destination, "1");
      (await inbox.next()).nack();
      same((await inbox.next()).headers.redelivered, "true");
    });

    fact(`${version}: beats both ways`, async () => {
      const [pings, pongs] = [new Inbox(), new Inbox()];
      const debug = (text) => {
        if (text === ">>> PING") pings.push(text);
        if (text === "<<< PONG") pongs.push(text);
      };
      const client = await opened(version, { heartbeat: { outgoing: 100, incoming: 100 }, debug });
      for (const inbox of [pings, pings, pongs, pongs]) await inbox.next("a beat");
      same(client.connected, true);
      await left(client);
    });
  }

  fact(`${version}: is told an ERROR, and the close code behind it`, async () => {
    const client = await opened(version);
    client.send("/nowhere", "", { receipt: "r7" });
    const error = await client.errors.next("ERROR");
    same([error.headers.message, error.headers["receipt-id"]], ["unknown-destination", "r7"]);
    same((await client.errors.next("the close")).code, 1002);
  });
}

fact("speaks as it does without any subprotocol", async () => {
  const client = await opened("1.2", { protocols: [] });
  same([["1.0", "1.1", "1.2"].includes(client.frame.headers.version), client.ws.protocol], [true, ""]);
  await left(client);
});

fact("the best of its subprotocols is chosen", async () => {
  const client = await opened("1.2", { protocols: ["v10.stomp", "v11.stomp", "v12.stomp"] });
  same(client.frame.headers.version, "1.2");
  await left(client);
});

fault("1.2: reads a colon in a header (checklist 37: it unescapes nothing)", async () => {
  const client = await opened("1.2");
  const [destination, inbox] = [fresh("topic"), new Inbox()];
  client.subscribe(destination, inbox.push);
  client.send(destination, "x", { url: "http://a:1/b" });
  const { headers } = await inbox.next();
  await left(client);
  same(headers.url, "http://a:1/b");
});

await run();
