"""The clients of Python against EchoPulse itself, over a bridge that cuts anywhere: one channel, one token."""

import json
import sys

import stomp

from facts import CUT, TCP, WS, Inbox, fact, run, same

TOKEN, CHANNEL, PATH = sys.argv[4:7]
TOPIC, TO = f"/channels/{CHANNEL}", f"/app/channels/{CHANNEL}/messages"


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.messages, self.receipts, self.errors = Inbox(), Inbox(), Inbox()

    def on_message(self, frame):
        self.messages.put(frame)

    def on_receipt(self, frame):
        self.receipts.put(frame.headers)

    def on_error(self, frame):
        self.errors.put(frame.headers)


KINDS = {
    "WebSocket 1.2": lambda: stomp.WSStompConnection([WS], ws_path=PATH),
    "TCP 1.0": lambda: stomp.Connection10([TCP]),
    "TCP 1.1": lambda: stomp.Connection11([TCP]),
    "TCP 1.2": lambda: stomp.Connection12([TCP]),
    "TCP 1.2 cut": lambda: stomp.Connection12([CUT]),
}

for kind, make in KINDS.items():
    @fact(f"stomp.py, {kind}: hears itself, with a receipt that says where")
    def _(kind=kind, make=make):
        connection, listener = make(), Listener()
        connection.set_listener("", listener)
        connection.connect(wait=True, headers={"Authorization": f"Bearer {TOKEN}"})
        connection.subscribe(TOPIC, id="1", receipt="s")
        same(listener.receipts.next()["receipt-id"], "s")
        connection.send(TO, json.dumps({"content": f"héllo 🦀 {kind}"}), receipt="r")
        said = json.loads(listener.messages.next().body)["message"]
        same(said["content"], f"héllo 🦀 {kind}")
        same(listener.receipts.next()["message-id"], said["id"])
        connection.send("/app/nowhere", "", receipt="n")
        error = listener.errors.next()
        same((error["message"], error["receipt-id"]), ("unknown-destination", "n"))

run()
