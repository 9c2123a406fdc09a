// stompjs 2.3.3: abandoned in 2013, and still in use.

import Stomp from "stompjs/lib/stomp.js";
import WebSocket from "ws";
import { Inbox, fact, fault, fresh, octets, run, same, url, within } from "./facts.mjs";

const library = Stomp.Stomp ?? Stomp;
library.setInterval = (interval, work) => setInterval(work, interval);
library.clearInterval = (id) => clearInterval(id);

const opened = async (heartbeat = { outgoing: 0, incoming: 0 }) => {
  const client = library.over(new WebSocket(url));
  client.debug = null;
  client.heartbeat = heartbeat;
  client.errors = new Inbox();
  client.receipts = new Inbox();
  client.onreceipt = (frame) => client.receipts.push(frame.headers["receipt-id"]);
  const connected = new Promise((resolve) => client.connect("guest", "guest", resolve, client.errors.push));
  client.frame = await within(connected, "CONNECTED");
  return client;
};

const about = (name, check, heartbeat) =>
  fact(name, async () => {
    const client = await opened(heartbeat);
    await check(client);
    await within(new Promise((resolve) => client.disconnect(resolve)), "the end");
  });

about("connects at 1.1, the best it offers", async (client) => same(client.frame.headers.version, "1.1"));

about("hears itself", async (client) => {
  const [destination, inbox] = [fresh("topic"), new Inbox()];
  client.subscribe(destination, inbox.push);
  client.send(destination, { key: "v" }, "héllo 🦀");
  const message = await inbox.next();
  same([message.body, message.headers.key, message.headers.destination], ["héllo 🦀", "v", destination]);
});

about("has receipts", async (client) => {
  client.send(fresh("topic"), { receipt: "r1" }, "x");
  same(await client.receipts.next(), "r1");
});

about("carries a mebibyte in pieces of 16 KiB", async (client) => {
  const [destination, inbox] = [fresh("topic"), new Inbox()];
  client.subscribe(destination, inbox.push);
  const body = "0123456789abcdef".repeat(65536);
  client.send(destination, {}, body);
  same((await inbox.next()).body === body, true);
});

about("commits and aborts transactions", async (client) => {
  const [destination, inbox] = [fresh("queue"), new Inbox()];
  client.subscribe(destination, inbox.push);
  const [kept, dropped] = [client.begin("kept"), client.begin("dropped")];
  client.send(destination, { transaction: kept.id }, "2");
  client.send(destination, { transaction: dropped.id }, "never");
  client.send(destination, {}, "1");
  dropped.abort();
  kept.commit();
  same([(await inbox.next()).body, (await inbox.next()).body], ["1", "2"]);
});

about("acknowledges, and refuses", async (client) => {
  const [destination, inbox] = [fresh("queue"), new Inbox()];
  client.subscribe(destination, inbox.push, { ack: "client-individual" });
  client.send(destination, {}, "1");
  (await inbox.next()).nack();
  const again = await inbox.next();
  same(again.headers.redelivered, "true");
  again.ack({ receipt: "acknowledged" });
  same(await client.receipts.next(), "acknowledged");
});

about(
  "beats both ways",
  async (client) => {
    const [pings, pongs] = [new Inbox(), new Inbox()];
    client.debug = (text) => {
      if (text === ">>> PING") pings.push(text);
      if (text === "<<< PONG") pongs.push(text);
    };
    for (const inbox of [pings, pings, pongs, pongs]) await inbox.next("a beat");
  },
  { outgoing: 100, incoming: 100 },
);

fact("is told an ERROR, and that it was closed", async () => {
  const client = await opened();
  const closed = within(new Promise((resolve) => client.ws.addEventListener("close", resolve)), "the close");
  client.send("/nowhere", { receipt: "r7" }, "");
  same((await client.errors.next("ERROR")).headers.message, "unknown-destination");
  same((await closed).code, 1002);
});

fault("reads a colon in a header (checklist 37: it unescapes nothing)", async () => {
  const client = await opened();
  const [destination, inbox] = [fresh("topic"), new Inbox()];
  client.subscribe(destination, inbox.push);
  client.send(destination, { url: "http://a:1/b" }, "x");
  const { headers } = await inbox.next();
  client.disconnect();
  same(headers.url, "http://a:1/b");
});

fault("keeps octets that are no text (it reads bodies as strings)", async () => {
  const [sender, client] = [await opened(), await opened()];
  const [destination, inbox] = [fresh("topic"), new Inbox()];
  client.subscribe(destination, inbox.push, { receipt: "r" });
  await client.receipts.next();
  const body = octets(256);
  const head = `SEND\ndestination:${destination}\ncontent-length:256\n\n`;
  sender.ws.send(Buffer.concat([Buffer.from(head), body, Buffer.from([0])]));
  const seen = await within(inbox.next(), "the octets", 2000);
  sender.disconnect();
  client.disconnect();
  same(Buffer.from(seen.body, "latin1").equals(body), true);
});

await run();
