// What the built files are made from, and its digest. A test of the backend that carries
// `dist` computes the same one to tell whether it is stale.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FILES = ["index.html", "package-lock.json", "package.json", "sources.ts", "tsconfig.json", "vite.config.ts"];
const FOLDERS = ["public", "src"];

function below(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? below(root, path) : [path];
  });
}

/** SHA-256 over path, a zero byte, content and a zero byte of every file, in the order of their paths; in hexadecimal. */
export function digest(root: string): string {
  const paths = [...FILES, ...FOLDERS.flatMap((folder) => below(root, folder))].sort();
  const hash = createHash("sha256");
  for (const path of paths) {
    hash.update(path).update("\0").update(readFileSync(join(root, path))).update("\0");
  }
  return hash.digest("hex");
}
