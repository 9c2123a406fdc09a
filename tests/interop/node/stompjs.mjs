// @stomp/stompjs: the client that browsers use today.

import { Client, ReconnectionTimeMode, Versions } from "@stomp/stompjs";
import WebSocket from "ws";
import { Inbox, fact, fault, fresh, octets, run, same, url, within } from "./facts.mjs";

const make = (version, more = {}) =>
  new Client({
    webSocketFactory: () => new WebSocket(url, ["v12.stomp", "v11.stomp", "v10.stomp"]),
    stompVersions: new Versions([version]),
    connectHeaders: { login: "guest", passcode: "guest" },
    reconnectDelay: 0,
    heartbeatIncoming: 0,
    heartbeatOutgoing: 0,
    ...more,
  });

const opened = async (version, more) => {
  const client = make(version, more);
  const connected = new Promise((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = (frame) => reject(new Error(frame.headers.message));
  });
  client.activate();
  client.frame = await within(connected, "CONNECTED");
  return client;
};

const receipted = (client, send) => {
  const id = `r${Math.random()}`;
  const seen = new Promise((resolve) => client.watchForReceipt(id, resolve));
  send(id);
  return within(seen, `the receipt ${id}`);
};

const subscribed = async (client, destination, headers = {}) => {
  const inbox = new Inbox();
  let subscription;
  await receipted(client, (receipt) => {
    subscription = client.subscribe(destination, inbox.push, { ...headers, receipt });
  });
  return [inbox, subscription];
};

for (const version of ["1.0", "1.1", "1.2"]) {
  const about = (name, check) =>
    fact(`${version}: ${name}`, async () => {
      const client = await opened(version);
      try {
        await check(client);
      } finally {
        await client.deactivate();
      }
    });

  about("connects at this version", async (client) => same(client.frame.headers.version, version));

  about("hears itself without waiting for its subscription", async (client) => {
    const [destination, inbox] = [fresh("topic"), new Inbox()];
    client.subscribe(destination, inbox.push);
    client.publish({ destination, body: "héllo 🦀" });
    const message = await inbox.next();
    same([message.body, message.headers.destination], ["héllo 🦀", destination]);
  });

  about("keeps headers with spaces and in any script", async (client) => {
    const destination = fresh("topic");
    const [inbox] = await subscribed(client, destination);
    client.publish({ destination, headers: { name: "é 🦀 x" }, body: "x" });
    same((await inbox.next()).headers.name, "é 🦀 x");
  });

  // At 1.1 it escapes nothing and unescapes nothing (checklist 37).
  (version === "1.1" ? fault : fact)(`${version}: keeps headers with colons`, async () => {
    const client = await opened(version);
    const destination = fresh("topic");
    const [inbox] = await subscribed(client, destination);
    client.publish({ destination, headers: { url: "http://a:1/b" }, body: "x" });
    const { headers } = await inbox.next();
    await client.deactivate();
    same(headers.url, "http://a:1/b");
  });

  about("keeps all octets of binary bodies", async (client) => {
    const destination = fresh("topic");
    const [inbox] = await subscribed(client, destination);
    for (const length of [0, 1, 256, 100_000]) {
      client.publish({ destination, binaryBody: octets(length), headers: { "content-type": "application/octet-stream" } });
      same(Buffer.from((await inbox.next()).binaryBody).equals(octets(length)), true, `${length} octets`);
    }
  });

  about("carries a mebibyte, whole and split", async (client) => {
    const destination = fresh("topic");
    const [inbox] = await subscribed(client, destination);
    const body = "0123456789abcdef".repeat(65536);
    for (const split of [false, true]) {
      client.splitLargeFrames = split;
      client.publish({ destination, body });
      same((await inbox.next()).body === body, true, `split ${split}`);
    }
  });

  about("has receipts of all frames", async (client) => {
    const destination = fresh("queue");
    const [inbox, subscription] = await subscribed(client, destination, { ack: "client" });
    await receipted(client, (receipt) => client.publish({ destination, body: "1", headers: { receipt } }));
    const message = await inbox.next();
    await receipted(client, (receipt) => message.ack({ receipt }));
    await receipted(client, (receipt) => subscription.unsubscribe({ receipt }));
  });

  about("commits and aborts transactions", async (client) => {
    const destination = fresh("queue");
    const [inbox] = await subscribed(client, destination);
    const [kept, dropped] = [client.begin(), client.begin()];
    client.publish({ destination, body: "2", headers: { transaction: kept.id } });
    client.publish({ destination, body: "never", headers: { transaction: dropped.id } });
    client.publish({ destination, body: "1" });
    client.publish({ destination, body: "3", headers: { transaction: kept.id } });
    dropped.abort();
    kept.commit();
    for (const expected of ["1", "2", "3"]) same((await inbox.next()).body, expected);
  });

  about("acknowledges, and what it does not comes to another", async (client) => {
    const destination = fresh("queue");
    const [inbox, subscription] = await subscribed(client, destination, { ack: "client" });
    for (const body of ["1", "2", "3"]) client.publish({ destination, body });
    const messages = [await inbox.next(), await inbox.next(), await inbox.next()];
    await receipted(client, (receipt) => messages[1].ack({ receipt }));
    await receipted(client, (receipt) => subscription.unsubscribe({ receipt }));
    const other = await opened(version);
    const [rest] = await subscribed(other, destination);
    const message = await rest.next();
    same([message.body, message.headers.redelivered], ["3", "true"]);
    await other.deactivate();
  });

  if (version !== "1.0") {
    about("refuses a message and has it again", async (client) => {
      const destination = fresh("queue");
      const [inbox] = await subscribed(client, destination, { ack: "client-individual" });
      client.publish({ destination, body: "1" });
      (await inbox.next()).nack();
      const again = await inbox.next();
      same(again.headers.redelivered, "true");
      await receipted(client, (receipt) => again.ack({ receipt }));
    });

    fact(`${version}: beats both ways`, async () => {
      let pings = 0;
      let pongs = 0;
      const enough = new Inbox();
      const debug = (text) => {
        if (text === ">>> PING") pings += 1;
        if (text === "<<< PONG") pongs += 1;
        if (pings > 3 && pongs > 3) enough.push(true);
      };
      const client = await opened(version, { heartbeatIncoming: 100, heartbeatOutgoing: 100, debug });
      await enough.next("four beats each way");
      same(client.connected, true);
      await client.deactivate();
    });
  }

  fact(`${version}: is told an ERROR, and the close code behind it`, async () => {
    const client = await opened(version);
    const [errors, closes] = [new Inbox(), new Inbox()];
    client.onStompError = errors.push;
    client.onWebSocketClose = closes.push;
    client.publish({ destination: "/nowhere", headers: { receipt: "r7" } });
    const { headers } = await errors.next("ERROR");
    same([headers.message, headers["receipt-id"]], ["unknown-destination", "r7"]);
    same((await closes.next("the close")).code, 1002);
    await client.deactivate();
  });

  fact(`${version}: comes back, and subscribes again`, async () => {
    const connects = new Inbox();
    const client = make(version, { reconnectDelay: 50, reconnectTimeMode: ReconnectionTimeMode.LINEAR });
    const [destination, inbox] = [fresh("topic"), new Inbox()];
    client.onConnect = () => {
      client.subscribe(destination, inbox.push, { receipt: "subscribed" });
      client.watchForReceipt("subscribed", connects.push);
    };
    client.activate();
    await connects.next("a session");
    client.forceDisconnect();
    await connects.next("another session");
    client.publish({ destination, body: "back" });
    same((await inbox.next()).body, "back");
    await client.deactivate();
  });

  fact(`${version}: leaves with a receipt and is closed with 1000`, async () => {
    const client = await opened(version);
    const closes = new Inbox();
    client.onDisconnect = () => closes.push("receipt");
    client.onWebSocketClose = (event) => closes.push(event.code);
    await client.deactivate();
    // Its own Close has no code, which reads as 1005.
    same([await closes.next(), [1000, 1005].includes(await closes.next())], ["receipt", true]);
  });
}

fact("a wrong passcode is told, and closed with 4401", async () => {
  const client = make("1.2", { connectHeaders: { login: "guest", passcode: "wrong" } });
  const [errors, closes] = [new Inbox(), new Inbox()];
  client.onStompError = errors.push;
  client.onWebSocketClose = closes.push;
  client.activate();
  same((await errors.next("ERROR")).headers.message, "unauthenticated");
  same((await closes.next("the close")).code, 4401);
  await client.deactivate();
});

fact("1.2: keeps headers with line ends", async () => {
  const client = await opened("1.2");
  const destination = fresh("topic");
  const [inbox] = await subscribed(client, destination);
  client.publish({ destination, headers: { lines: "a\nb\r\nc", slash: "a\\b" }, body: "x" });
  const { headers } = await inbox.next();
  same([headers.lines, headers.slash], ["a\nb\r\nc", "a\\b"]);
  await client.deactivate();
});

fault("1.2: keeps a backslash in front of an n (checklist 35: it unescapes in several passes)", async () => {
  const client = await opened("1.2");
  const destination = fresh("topic");
  const [inbox] = await subscribed(client, destination);
  client.publish({ destination, headers: { path: "C:\\new" }, body: "x" });
  const { headers } = await inbox.next();
  await client.deactivate();
  same(headers.path, "C:\\new");
});

fault("1.2: keeps spaces around a header (checklist 11: it trims)", async () => {
  const client = await opened("1.2");
  const destination = fresh("topic");
  const [inbox] = await subscribed(client, destination);
  client.publish({ destination, headers: { padded: " a " }, body: "x" });
  const { headers } = await inbox.next();
  await client.deactivate();
  same(headers.padded, " a ");
});

await run();
