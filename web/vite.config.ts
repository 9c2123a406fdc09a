import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import { digest } from "./sources.ts";

const root = import.meta.dirname;
const sources = digest(root);
// The backend serves the files below a folder that changes with every build, so that browsers may keep them for ever.
const build = sources.slice(0, 16);

/** Writes a gzipped twin of every file, and what the files were made from. */
function recorded(): Plugin {
  return {
    name: "recorded",
    apply: "build",
    closeBundle() {
      const dist = join(root, "dist");
      for (const name of readdirSync(dist)) {
        writeFileSync(join(dist, `${name}.gz`), gzipSync(readFileSync(join(dist, name)), { level: 9 }));
      }
      writeFileSync(join(dist, "build"), build);
      writeFileSync(join(dist, "sources.sha256"), `${sources}\n`);
    },
  };
}

const backend = process.env["ECHOPULSE_URL"] ?? "http://127.0.0.1:8080";
const proxied = Object.fromEntries(
  ["/server", "/chat", "/id", "/.well-known"].map((path) => [path, { target: backend, ws: path === "/chat" }]),
);

export default defineConfig(({ command }) => ({
  base: command === "build" ? `/assets/${build}/` : "/",
  plugins: [recorded()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: "app.js",
        assetFileNames: "app[extname]",
        // One file: the page needs all of it at once.
        inlineDynamicImports: true,
      },
    },
  },
  // `npm run dev` stands in front of `echopulse serve --public-url` with this address.
  server: { host: "127.0.0.1", port: 5173, strictPort: true, proxy: proxied },
  test: { include: ["test/**/*.test.ts"] },
}));
