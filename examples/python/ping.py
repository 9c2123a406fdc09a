"""Answers every `ping` in a channel with `pong`, also those that came while it was down: python ping.py '#general'

Needs stomp.py and websocket-client, and in the environment ECHOPULSE_URL, ECHOPULSE_CLIENT_ID and ECHOPULSE_CLIENT_SECRET."""

import json
import os
import queue
import sys
import time
import urllib.parse
import urllib.request

import stomp

URL, ID, SECRET = (os.environ[f"ECHOPULSE_{name}"] for name in ("URL", "CLIENT_ID", "CLIENT_SECRET"))


def ask(url, token=None, form=None):
    data = urllib.parse.urlencode(form).encode() if form else None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        return json.load(answer)


place = ask(f"{URL.rstrip('/')}/.well-known/echopulse")
server, chat = place["server"][0], place["chat"][0]


def token():
    endpoint = ask(f"{place['issuer']}/.well-known/openid-configuration")["token_endpoint"]
    form = {"grant_type": "client_credentials", "client_id": ID, "client_secret": SECRET}
    return ask(endpoint, form=form)["access_token"]


def find_channel(name, token):
    for mine in ask(f"{server}/api/servers", token)["items"]:
        for channel in ask(f"{server}/api/servers/{mine['id']}", token)["channels"]:
            if channel["name"] == name.lstrip("#"):
                return channel["id"]
    raise SystemExit(f"there is no channel {name}")


class Listener(stomp.ConnectionListener):
    """Hands frames to the main thread; `None` is the end of a connection."""

    def __init__(self):
        self.frames = queue.Queue()

    def on_message(self, frame):
        self.frames.put(frame)

    def on_disconnected(self):
        self.frames.put(None)


def talk(access, me, channel):
    where = urllib.parse.urlparse(chat)
    listener = Listener()
    port = where.port or (443 if where.scheme == "https" else 80)
    connection = stomp.WSStompConnection([(where.hostname, port)], ws_path=f"{where.path}/ws")
    if where.scheme == "https":
        connection.set_ssl([(where.hostname, port)])
    connection.set_listener("", listener)
    connection.connect(wait=True, headers={"Authorization": f"Bearer {access}"})
    connection.subscribe("/user/queue/replies", id="replies")
    # Everything since the position that the services keep for this bot.
    connection.subscribe(f"/channels/{channel}", id="channel", headers={"after": "read"})
    while (frame := listener.frames.get()) is not None:
        event = json.loads(frame.body)
        if frame.headers["subscription"] == "replies":
            print(event["code"], event["detail"], file=sys.stderr)
            continue
        message = event.get("message", {})
        if event["event"] == "message.created" and message["content"] == "ping" and message["author"]["id"] != me:
            body = json.dumps({"content": "pong", "reply_to": message["id"]})
            # The nonce names what is answered, so that nothing is answered twice.
            connection.send(f"/app/channels/{channel}/messages", body, headers={"nonce": f"pong-{message['id']}"})
        if "seq" in event:
            connection.send(f"/app/channels/{channel}/read", json.dumps({"seq": event["seq"]}))


while True:
    try:
        access = token()
        talk(access, ask(f"{server}/api/users/me", access)["id"], find_channel(sys.argv[1], access))
    except (OSError, stomp.exception.StompException) as error:
        print(error, file=sys.stderr)
    # The connection ended: the network, a restart, or the end of the token. A fresh one, and on from where it was.
    time.sleep(1)
