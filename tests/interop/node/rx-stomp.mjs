// @stomp/rx-stomp: stompjs behind observables.

import { RxStomp, RxStompState } from "@stomp/rx-stomp";
import { filter, firstValueFrom, take, toArray } from "rxjs";
import WebSocket from "ws";
import { Inbox, fact, fresh, run, same, url, within } from "./facts.mjs";

const opened = async (more = {}) => {
  const client = new RxStomp();
  client.configure({
    webSocketFactory: () => new WebSocket(url),
    connectHeaders: { login: "guest", passcode: "guest" },
    heartbeatIncoming: 0,
    heartbeatOutgoing: 0,
    reconnectDelay: 50,
    ...more,
  });
  client.activate();
  await within(firstValueFrom(client.connected$), "a session");
  return client;
};

fact("hears itself, and what it sends before it is connected", async () => {
  const [client, destination, inbox] = [new RxStomp(), fresh("topic"), new Inbox()];
  client.configure({ webSocketFactory: () => new WebSocket(url), reconnectDelay: 50 });
  client.watch(destination).subscribe(inbox.push);
  client.publish({ destination, body: "queued" });
  client.activate();
  same((await inbox.next()).body, "queued");
  await client.deactivate();
});

fact("watches with the headers of another broker", async () => {
  const client = await opened();
  const [destination, inbox] = [fresh("topic"), new Inbox()];
  const headers = { durable: "true", "auto-delete": "false", exclusive: "true" };
  client.watch({ destination, subHeaders: headers }).subscribe(inbox.push);
  client.publish({ destination, body: "x" });
  same((await inbox.next()).body, "x");
  await client.deactivate();
});

fact("has receipts", async () => {
  const client = await opened();
  const receipt = within(client.asyncReceipt("r:1"), "the receipt");
  client.publish({ destination: fresh("topic"), body: "x", headers: { receipt: "r:1" } });
  same((await receipt).headers["receipt-id"], "r:1");
  await client.deactivate();
});

fact("acknowledges and refuses", async () => {
  const client = await opened();
  const [destination, inbox] = [fresh("queue"), new Inbox()];
  client.watch({ destination, subHeaders: { ack: "client-individual" } }).subscribe(inbox.push);
  client.publish({ destination, body: "1" });
  (await inbox.next()).nack();
  const again = await inbox.next();
  same(again.headers.redelivered, "true");
  again.ack();
  await client.deactivate();
});

fact("commits and aborts transactions", async () => {
  const client = await opened();
  const destination = fresh("queue");
  const seen = firstValueFrom(client.watch(destination).pipe(take(2), toArray()));
  const [kept, dropped] = [client.stompClient.begin(), client.stompClient.begin()];
  client.publish({ destination, body: "2", headers: { transaction: kept.id } });
  client.publish({ destination, body: "never", headers: { transaction: dropped.id } });
  client.publish({ destination, body: "1" });
  dropped.abort();
  kept.commit();
  same((await within(seen, "both")).map((message) => message.body), ["1", "2"]);
  await client.deactivate();
});

fact("is told an ERROR", async () => {
  const client = await opened();
  const error = firstValueFrom(client.stompErrors$);
  client.publish({ destination: "/nowhere", body: "" });
  same((await within(error, "ERROR")).headers.message, "unknown-destination");
  await client.deactivate();
});

fact("comes back and goes on watching", async () => {
  const client = await opened();
  const [destination, inbox] = [fresh("topic"), new Inbox()];
  client.watch(destination).subscribe(inbox.push);
  const closed = firstValueFrom(client.connectionState$.pipe(filter((state) => state === RxStompState.CLOSED)));
  client.stompClient.forceDisconnect();
  await within(closed, "the loss");
  await within(firstValueFrom(client.connected$), "another session");
  client.publish({ destination, body: "back" });
  same((await inbox.next()).body, "back");
  await client.deactivate();
});

fact("beats both ways", async () => {
  const [pings, pongs] = [new Inbox(), new Inbox()];
  const debug = (text) => {
    if (text === ">>> PING") pings.push(text);
    if (text === "<<< PONG") pongs.push(text);
  };
  const client = await opened({ heartbeatIncoming: 100, heartbeatOutgoing: 100, debug });
  for (const inbox of [pings, pings, pongs, pongs]) await inbox.next("a beat");
  await client.deactivate();
});

await run();
