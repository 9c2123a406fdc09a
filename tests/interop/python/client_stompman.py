"""stompman: asyncio, over TCP and over WebSocket."""

import asyncio

import stompman
from stompman.connection_ws import WebSocketConnection

from facts import CUT, TCP, WS, fact, fault, fresh, run, same

WAYS = {
    "TCP": (TCP, {}, {}),
    "TCP cut": (CUT, {}, {}),
    "WebSocket": (WS, {"ws_uri_path": "/ws"}, {"connection_class": WebSocketConnection}),
}


def client(way, **more):
    (host, port), place, kind = WAYS[way]
    server = stompman.ConnectionParameters(host=host, port=port, login="guest", passcode="guest", **place)
    return stompman.Client([server], heartbeat=stompman.Heartbeat(200, 200), **kind, **more)


async def soon(waiting, seconds=20):
    return await asyncio.wait_for(waiting, seconds)


def hears(inbox):
    async def handler(frame):
        await inbox.put(frame)
    return handler


def fails(error, frame):
    raise AssertionError(f"{error} for {frame}")


def about(way, name, kind=fact):
    def wrap(check):
        kind(f"{way}: {name}")(lambda: asyncio.run(check()))
        return check
    return wrap


for way in WAYS:
    @about(way, "hears itself, with all octets and headers")
    async def _(way=way):
        inbox, destination = asyncio.Queue(), fresh("topic")
        body = "héllo".encode() if way == "WebSocket" else bytes(range(256))
        headers = {"url": "http://a:1/b", "path": "C:\\new", "lines": "a\nb"}
        async with client(way) as talks:
            subscription = await talks.subscribe(
                destination, hears(inbox), on_suppressed_exception=fails, receipt_timeout=20
            )
            await talks.send(body, destination, headers=headers, receipt_timeout=20)
            frame = await soon(inbox.get())
            same((frame.body, {name: frame.headers[name] for name in headers}), (body, headers))
            await subscription.unsubscribe()

    # Over WebSocket its library takes a mebibyte at most, with the head of the frame (checklist 211).
    @about(way, "carries half a mebibyte" if way == "WebSocket" else "carries a mebibyte")
    async def _(way=way):
        inbox, destination = asyncio.Queue(), fresh("topic")
        body = b"0123456789abcdef" * (32768 if way == "WebSocket" else 65536)
        async with client(way) as talks:
            subscription = await talks.subscribe(
                destination, hears(inbox), on_suppressed_exception=fails, receipt_timeout=20
            )
            await talks.send(body, destination)
            same((await soon(inbox.get(), 60)).body == body, True)
            await subscription.unsubscribe()

    @about(way, "commits and aborts transactions")
    async def _(way=way):
        inbox, destination = asyncio.Queue(), fresh("queue")
        async with client(way) as talks:
            subscription = await talks.subscribe(destination, hears(inbox), on_suppressed_exception=fails)
            try:
                async with talks.begin() as dropped:
                    await dropped.send(b"never", destination)
                    raise KeyError
            except KeyError:
                pass
            async with talks.begin() as kept:
                await kept.send(b"2", destination)
                await talks.send(b"1", destination)
                same((await soon(inbox.get())).body, b"1")
            same((await soon(inbox.get())).body, b"2")
            await subscription.unsubscribe()

    @about(way, "acknowledges and refuses")
    async def _(way=way):
        inbox, destination = asyncio.Queue(), fresh("queue")
        async with client(way) as talks:
            subscription = await talks.subscribe_with_manual_ack(destination, hears(inbox))
            await talks.send(b"1", destination)
            await (await soon(inbox.get())).nack()
            again = await soon(inbox.get())
            same(again.headers["redelivered"], "true")
            await again.ack()
            await subscription.unsubscribe()

    @about(way, "is told an ERROR")
    async def _(way=way):
        errors = asyncio.Queue()
        async with client(way, on_error_frame=errors.put_nowait) as talks:
            await talks.send(b"", "/nowhere")
            same((await soon(errors.get())).headers["message"], "unknown-destination")

    @about(way, "beats, and is heard to be alive")
    async def _(way=way):
        async with client(way) as talks:
            # Six intervals: without beats from both sides one of them would have ended it.
            await asyncio.sleep(1.6)
            same(talks.is_alive(), True)


async def has_again(way, body, headers):
    """Whether this comes back as it was sent, to a client that does not try twice."""
    inbox, destination = asyncio.Queue(), fresh("topic")
    async with client(way, on_error_frame=None, write_retry_attempts=1) as talks:
        await talks.subscribe(destination, hears(inbox), on_suppressed_exception=fails, receipt_timeout=20)
        await talks.send(body, destination, headers=headers)
        frame = await soon(inbox.get(), 3)
        same((frame.body == body, {name: frame.headers[name] for name in headers}), (True, headers))


@about("TCP", "keeps a carriage return in a header (checklist 30: it leaves it out)", fault)
async def _():
    await has_again("TCP", b"x", {"lines": "a\r\nb"})


@about("WebSocket", "carries a mebibyte (checklist 211: its library takes less)", fault)
async def _():
    await has_again("WebSocket", b"x" * 1024 * 1024, {})


@about("WebSocket", "keeps all octets (checklist 183: it sends them as text)", fault)
async def _():
    await has_again("WebSocket", bytes(range(256)), {})


run()
