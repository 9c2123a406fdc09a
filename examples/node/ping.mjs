// Answers every `ping` in a channel with `pong`, also those that came while it was down: node ping.mjs '#general'
//
// Needs @stomp/stompjs and ws, and in the environment ECHOPULSE_URL, ECHOPULSE_CLIENT_ID and ECHOPULSE_CLIENT_SECRET.

import { Client } from "@stomp/stompjs";
import WebSocket from "ws";

const { ECHOPULSE_URL: url, ECHOPULSE_CLIENT_ID: id, ECHOPULSE_CLIENT_SECRET: secret } = process.env;
const wanted = (process.argv[2] ?? "").replace(/^#/, "");

const ask = async (address, options) => {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(`${new URL(address).pathname}: ${answer.status}`);
  return answer.json();
};

const place = await ask(`${url.replace(/\/$/, "")}/.well-known/echopulse`);
const [server, chat] = [place.server[0], place.chat[0]];
const { token_endpoint } = await ask(`${place.issuer}/.well-known/openid-configuration`);

const token = async () => {
  const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
  return (await ask(token_endpoint, { method: "POST", body: new URLSearchParams(form) })).access_token;
};

const authorization = async () => ({ Authorization: `Bearer ${await token()}` });
const headers = await authorization();
const me = await ask(`${server}/api/users/me`, { headers });
const servers = (await ask(`${server}/api/servers`, { headers })).items;
const details = await Promise.all(servers.map((one) => ask(`${server}/api/servers/${one.id}`, { headers })));
const channel = details.flatMap((one) => one.channels).find((one) => one.name === wanted)?.id;
if (!channel) throw new Error(`there is no channel #${wanted}`);

const client = new Client({
  webSocketFactory: () => new WebSocket(`${chat.replace(/^http/, "ws")}/ws`, ["v12.stomp"]),
  reconnectDelay: 1000,
  // A fresh token for every connection: the services end one whose token ends.
  beforeConnect: async () => {
    client.connectHeaders = await authorization();
  },
});

client.onConnect = () => {
  client.subscribe("/user/queue/replies", (reply) => console.error(reply.body));
  // Everything since the position that the services keep for this bot.
  client.subscribe(`/channels/${channel}`, (frame) => {
    const { event, message, seq } = JSON.parse(frame.body);
    if (event === "message.created" && message.content === "ping" && message.author.id !== me.id) {
      client.publish({
        destination: `/app/channels/${channel}/messages`,
        // The nonce names what is answered, so that nothing is answered twice.
        headers: { nonce: `pong-${message.id}` },
        body: JSON.stringify({ content: "pong", reply_to: message.id }),
      });
    }
    if (seq) client.publish({ destination: `/app/channels/${channel}/read`, body: JSON.stringify({ seq }) });
  }, { after: "read" });
};

client.onStompError = (frame) => console.error(frame.headers.message, frame.body);
client.activate();
