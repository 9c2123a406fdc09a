"""stomp.py: over WebSocket, and over TCP at each version."""

import stomp

from facts import CUT, TCP, WS, Inbox, eventually, fact, fault, fresh, run, same


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.messages, self.receipts, self.errors, self.ends = Inbox(), Inbox(), Inbox(), Inbox()
        self.beats = 0

    def on_message(self, frame):
        self.messages.put(frame)

    def on_receipt(self, frame):
        self.receipts.put(frame.headers["receipt-id"])

    def on_error(self, frame):
        self.errors.put(frame)

    def on_disconnected(self):
        self.ends.put(True)

    def on_heartbeat(self):
        self.beats += 1


def opened(make, passcode="guest"):
    connection = make()
    listener = Listener()
    connection.set_listener("", listener)
    connection.connect("guest", passcode, wait=True)
    return connection, listener


def binary(kind, place):
    return lambda: kind([place], auto_decode=False)


def over_ws(**more):
    return lambda: stomp.WSStompConnection([WS], ws_path="/ws", **more)


KINDS = {
    "WebSocket 1.2": over_ws(),
    "TCP 1.0": lambda: stomp.Connection10([TCP]),
    "TCP 1.1": lambda: stomp.Connection11([TCP]),
    "TCP 1.2": lambda: stomp.Connection12([TCP]),
    "TCP 1.2 cut": lambda: stomp.Connection12([CUT]),
}


def about(kind, name):
    def wrap(check):
        def whole():
            connection, listener = opened(KINDS[kind])
            check(connection, listener)
            connection.disconnect(receipt="bye")
            while listener.receipts.next() != "bye":
                pass
        fact(f"{kind}: {name}")(whole)
        return check
    return wrap


for kind in KINDS:
    old = kind.endswith("1.0")

    @about(kind, "hears itself")
    def _(connection, listener):
        destination = fresh("topic")
        connection.subscribe(destination, id="1")
        connection.send(destination, "héllo 🦀", headers={"key": "v"})
        frame = listener.messages.next()
        same((frame.body, frame.headers["key"], frame.headers["destination"]), ("héllo 🦀", "v", destination))

    @about(kind, "keeps headers with colons, backslashes and line feeds")
    def _(connection, listener, old=old):
        destination = fresh("topic")
        connection.subscribe(destination, id="1")
        headers = {"url": "http://a:1/b"} if old else {"url": "http://a:1/b", "path": "C:\\new", "lines": "a\nb"}
        connection.send(destination, "x", headers=headers)
        seen = listener.messages.next().headers
        same({name: seen[name] for name in headers}, headers)

    @about(kind, "carries a mebibyte")
    def _(connection, listener):
        destination = fresh("topic")
        connection.subscribe(destination, id="1")
        body = "0123456789abcdef" * 65536
        connection.send(destination, body)
        same(listener.messages.next(60).body == body, True)

    @about(kind, "has receipts of all frames")
    def _(connection, listener):
        destination = fresh("queue")
        connection.subscribe(destination, id="1", receipt="s")
        same(listener.receipts.next(), "s")
        connection.send(destination, "x", receipt="r")
        same(listener.receipts.next(), "r")
        connection.unsubscribe(id="1", destination=destination, receipt="u")
        same(listener.receipts.next(), "u")

    @about(kind, "commits and aborts transactions")
    def _(connection, listener):
        destination = fresh("queue")
        connection.subscribe(destination, id="1")
        kept, dropped = connection.begin(), connection.begin()
        connection.send(destination, "2", transaction=kept)
        connection.send(destination, "never", transaction=dropped)
        connection.send(destination, "1")
        connection.abort(dropped)
        connection.commit(kept)
        same([listener.messages.next().body, listener.messages.next().body], ["1", "2"])

    @about(kind, "acknowledges, and what it does not comes to another")
    def _(connection, listener, kind=kind):
        destination = fresh("queue")
        connection.subscribe(destination, id="1", ack="client")
        for body in ("1", "2", "3"):
            connection.send(destination, body)
        frames = [listener.messages.next() for _ in range(3)]
        acknowledge(connection, frames[1], "ack", receipt="a")
        same(listener.receipts.next(), "a")
        other, heard = opened(KINDS[kind])
        connection.unsubscribe(id="1", destination=destination)
        other.subscribe(destination, id="1")
        frame = heard.messages.next()
        same((frame.body, frame.headers["redelivered"]), ("3", "true"))
        other.disconnect()

    if not old:
        @about(kind, "refuses a message and has it again")
        def _(connection, listener):
            destination = fresh("queue")
            connection.subscribe(destination, id="1", ack="client-individual")
            connection.send(destination, "1")
            acknowledge(connection, listener.messages.next(), "nack")
            again = listener.messages.next()
            same(again.headers["redelivered"], "true")
            acknowledge(connection, again, "ack", receipt="a")
            same(listener.receipts.next(), "a")

    @fact(f"{kind}: is told an ERROR, and that it is over")
    def _(kind=kind):
        connection, listener = opened(KINDS[kind])
        connection.send("/nowhere", "x", receipt="r7")
        headers = listener.errors.next().headers
        same((headers["message"], headers["receipt-id"]), ("unknown-destination", "r7"))
        listener.ends.next()

    @fact(f"{kind}: comes back")
    def _(kind=kind):
        connection, listener = opened(KINDS[kind])
        connection.disconnect()
        listener.ends.next()
        connection.connect("guest", "guest", wait=True)
        destination = fresh("topic")
        connection.subscribe(destination, id="1")
        connection.send(destination, "back")
        same(listener.messages.next().body, "back")
        connection.disconnect()


def acknowledge(connection, frame, verb, **more):
    headers = frame.headers
    tell = getattr(connection, verb)
    if "ack" in headers:
        tell(headers["ack"], **more)
    elif connection.__class__.__name__ == "StompConnection10":
        tell(headers["message-id"], **more)
    else:
        tell(headers["message-id"], headers["subscription"], **more)


def beating(make):
    connection, listener = opened(make)
    eventually("beats", lambda: listener.beats > 3)
    same(connection.is_connected(), True)
    connection.disconnect()


fact("TCP 1.2: beats both ways")(lambda: beating(lambda: stomp.Connection12([TCP], heartbeats=(200, 200))))
fact("WebSocket 1.2: beats both ways")(lambda: beating(over_ws(heartbeats=(200, 200))))


def carries_octets(make):
    connection, listener = opened(make)
    destination, body = fresh("topic"), bytes(range(256))
    connection.subscribe(destination, id="1")
    connection.send(destination, body, content_type="application/octet-stream")
    same(listener.messages.next(3).body, body)
    connection.disconnect()


fact("TCP 1.2: keeps all octets of binary bodies")(lambda: carries_octets(binary(stomp.Connection12, TCP)))
fact("WebSocket 1.2, binary mode: keeps all octets of binary bodies")(
    lambda: carries_octets(over_ws(binary_mode=True, auto_decode=False))
)
fault("WebSocket 1.2, text mode: keeps all octets (checklist 183: it sends them as text)")(
    lambda: carries_octets(over_ws(auto_decode=False))
)


@fact("a wrong passcode is told")
def _():
    connection = KINDS["WebSocket 1.2"]()
    listener = Listener()
    connection.set_listener("", listener)
    try:
        connection.connect("guest", "wrong", wait=True)
    except stomp.exception.ConnectFailedException:
        pass
    same(listener.errors.next().headers["message"], "unauthenticated")


@fact("a thousand messages keep their order")
def _():
    connection, listener = opened(KINDS["TCP 1.2 cut"])
    destination = fresh("queue")
    connection.subscribe(destination, id="1", ack="client-individual", headers={"prefetch-count": "10"})
    for number in range(1000):
        connection.send(destination, str(number))
    for number in range(1000):
        frame = listener.messages.next()
        same(frame.body, str(number))
        connection.ack(frame.headers["ack"])
    connection.disconnect()


run()
