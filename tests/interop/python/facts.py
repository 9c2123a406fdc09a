"""What all clients share: facts that are tried one after the other, and told one a line."""

import itertools
import os
import queue
import sys
import time

# Where WebSocket is spoken, and where a bridge speaks TCP: whole, and cut at arbitrary places.
WS, TCP, CUT = (tuple(place.rsplit(":", 1)) for place in sys.argv[1:4])
WS, TCP, CUT = ((host, int(port)) for host, port in (WS, TCP, CUT))
# What comes behind these is the client's own fault if it is not as it should be.
_facts = []
_numbers = itertools.count()


def fact(name):
    """A fact: the function raises if it is none."""
    return lambda check: _facts.append((name, check, False)) or check


def fault(name):
    """A fault of the client's own: the function has to raise, so that we hear when it is mended."""
    return lambda check: _facts.append((name, check, True)) or check


def fresh(kind):
    """A name that nobody else uses, on a broker that is shared."""
    return f"/{kind}/{os.getpid()}-{next(_numbers)}"


def same(seen, expected):
    if seen != expected:
        raise AssertionError(f"saw {str(seen)[:200]!r}, not {str(expected)[:200]!r}")


class Inbox(queue.Queue):
    """What callbacks put in, and who waits takes out."""

    def next(self, seconds=20):
        return self.get(timeout=seconds)


def eventually(what, is_so, seconds=20):
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"never saw: {what}")
        time.sleep(0.01)


def run():
    failed = 0
    for name, check, faulty in _facts:
        error = None
        try:
            check()
        except BaseException as thrown:  # whatever a client may throw
            error = thrown
        good = (error is not None) == faulty
        failed += not good
        why = f": {type(error).__name__} {error}" if error else ": it works now"
        shown = why if faulty or not good else ""
        print(f"{'ok' if good else 'not ok'} {'fault ' if faulty else ''}{name}{shown}", flush=True)
    print(f"{len(_facts)} facts, {failed} failed", flush=True)
    # Threads of clients do not keep us.
    os._exit(1 if failed else 0)
