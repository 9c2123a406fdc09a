"""Reads frames, one a line in hexadecimal, as stomp.py does; tells each as JSON."""

import json
import sys

from stomp.utils import parse_frame

for line in sys.stdin:
    # Its transport cuts the NUL off.
    frame = parse_frame(bytes.fromhex(line.strip())[:-1])
    said = {"command": frame.cmd, "headers": frame.headers, "body": frame.body.hex()}
    print(json.dumps([said]))
