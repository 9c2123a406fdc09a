// Reads streams of frames, one a line in hexadecimal, as stompjs does; tells the frames of each as JSON.

import { Buffer } from "node:buffer";
import { createInterface } from "node:readline";
import { FrameImpl } from "./node_modules/@stomp/stompjs/esm6/frame-impl.js";
import { Parser } from "./node_modules/@stomp/stompjs/esm6/parser.js";

for await (const line of createInterface({ input: process.stdin })) {
  const frames = [];
  const parser = new Parser(
    (raw) => {
      const { command, headers, binaryBody } = FrameImpl.fromRawFrame(raw, true);
      frames.push({ command, headers, body: Buffer.from(binaryBody).toString("hex") });
    },
    () => {},
  );
  const octets = Buffer.from(line, "hex");
  parser.parseChunk(octets.buffer.slice(octets.byteOffset, octets.byteOffset + octets.length), false);
  console.log(JSON.stringify(frames));
}
