// The clients of node against EchoPulse itself: one channel, one token.

import { Client, Versions } from "@stomp/stompjs";
import { RxStomp } from "@stomp/rx-stomp";
import Stomp from "stompjs/lib/stomp.js";
import WebSocket from "ws";
import webstomp from "webstomp-client";
import { Inbox, fact, run, same, url, within } from "./facts.mjs";

const [token, channel] = process.argv.slice(3);
const topic = `/channels/${channel}`;
const to = `/app/channels/${channel}/messages`;
const authorization = { Authorization: `Bearer ${token}` };
const says = (content) => JSON.stringify({ content });
const content = (message) => JSON.parse(message.body).message.content;

const opened = async (version, connectHeaders = authorization) => {
  const client = new Client({
    webSocketFactory: () => new WebSocket(url, ["v12.stomp", "v11.stomp", "v10.stomp"]),
    stompVersions: new Versions([version]),
    connectHeaders,
    reconnectDelay: 0,
  });
  client.errors = new Inbox();
  client.closes = new Inbox();
  client.onStompError = client.errors.push;
  client.onWebSocketClose = client.closes.push;
  const connected = new Promise((resolve) => (client.onConnect = resolve));
  client.activate();
  if (connectHeaders === authorization) client.frame = await within(connected, "CONNECTED");
  return client;
};

for (const version of ["1.0", "1.1", "1.2"]) {
  fact(`stompjs ${version}: hears itself, with a receipt that says where`, async () => {
    const client = await opened(version);
    same(client.frame.headers.version, version);
    const [inbox, receipts] = [new Inbox(), new Inbox()];
    client.subscribe(topic, inbox.push);
    client.watchForReceipt("sent", receipts.push);
    client.publish({ destination: to, body: says(`héllo 🦀 ${version}`), headers: { receipt: "sent" } });
    const message = await inbox.next();
    same([content(message), message.headers.destination], [`héllo 🦀 ${version}`, topic]);
    same(JSON.parse(message.body).message.id, (await receipts.next("the receipt")).headers["message-id"]);
    await client.deactivate();
  });

  fact(`stompjs ${version}: is told what was refused, and goes on`, async () => {
    const client = await opened(version);
    const [replies, receipts] = [new Inbox(), new Inbox()];
    client.subscribe("/user/queue/replies", replies.push);
    client.publish({ destination: to, body: says("x".repeat(5000)), headers: { receipt: "long" } });
    same(JSON.parse((await replies.next()).body).code, "content-too-long");
    client.watchForReceipt("short", receipts.push);
    client.publish({ destination: to, body: says("short"), headers: { receipt: "short" } });
    await receipts.next("the receipt");
    await client.deactivate();
  });

  fact(`stompjs ${version}: is told that there are no transactions`, async () => {
    const client = await opened(version);
    client.begin();
    same((await client.errors.next("ERROR")).headers.message, "malformed-frame");
    same((await client.closes.next("the close")).code, 1002);
    await client.deactivate();
  });
}

fact("stompjs: a wrong token is told, and closed with 4401", async () => {
  const client = await opened("1.2", { Authorization: "Bearer nonsense" });
  same((await client.errors.next("ERROR")).headers.message, "token-invalid");
  same((await client.closes.next("the close")).code, 4401);
  await client.deactivate();
});

fact("rx-stomp: hears itself", async () => {
  const [client, inbox] = [new RxStomp(), new Inbox()];
  client.configure({ webSocketFactory: () => new WebSocket(url), connectHeaders: authorization });
  client.watch(topic).subscribe(inbox.push);
  client.activate();
  client.publish({ destination: to, body: says("rx") });
  same(content(await inbox.next()), "rx");
  await client.deactivate();
});

const old = { webstomp: (socket) => webstomp.over(socket, { debug: false, protocols: ["v12.stomp"] }), stompjs2: (socket) => {
  const library = Stomp.Stomp ?? Stomp;
  library.setInterval = (interval, work) => setInterval(work, interval);
  library.clearInterval = (id) => clearInterval(id);
  return library.over(socket);
} };

for (const [name, over] of Object.entries(old)) {
  fact(`${name}: hears itself`, async () => {
    const client = over(new WebSocket(url, ["v12.stomp"]));
    client.debug = () => {};
    const inbox = new Inbox();
    await within(new Promise((resolve) => client.connect({ ...authorization }, resolve, () => {})), "CONNECTED");
    client.subscribe(topic, inbox.push);
    if (name === "webstomp") client.send(to, says(name));
    else client.send(to, {}, says(name));
    same(content(await inbox.next()), name);
    await within(new Promise((resolve) => client.disconnect(resolve)), "the end");
  });
}

await run();
