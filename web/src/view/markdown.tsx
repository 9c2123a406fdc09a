// Markdown as text nodes and a few elements. Nothing is ever parsed as HTML.

import type { Block, Names, Run } from "../text/markdown";
import { parse } from "../text/markdown";

/** One bad message never stops the page: what cannot be read is shown as it is. */
function blocksOf(content: string, names: Names): Block[] {
  try {
    return parse(content, names);
  } catch {
    return [{ kind: "text", runs: [{ kind: "plain", text: content }] }];
  }
}

export function Markdown({ content, names }: { content: string; names: Names }) {
  return <>{blocksOf(content, names).map((block, index) => <BlockView key={index} block={block} />)}</>;
}

function BlockView({ block }: { block: Block }) {
  if (block.kind === "code") return <pre tabIndex={-1}><code>{block.text}</code></pre>;
  const runs = block.runs.map((run, index) => <RunView key={index} run={run} />);
  return block.kind === "quote" ? <blockquote>{runs}</blockquote> : <p>{runs}</p>;
}

function RunView({ run }: { run: Run }) {
  let shown: preact.ComponentChild = <Plain run={run} />;
  if (run.italic) shown = <em>{shown}</em>;
  return run.bold ? <strong>{shown}</strong> : <>{shown}</>;
}

function Plain({ run }: { run: Run }) {
  switch (run.kind) {
    case "code":
      return <code>{run.text}</code>;
    case "link":
      return <a href={run.href} title={run.href} target="_blank" rel="noopener noreferrer nofollow">{run.text}</a>;
    case "mention":
      return <span class={run.me ? "mention me" : "mention"}>{run.text}</span>;
    default:
      return <>{run.text}</>;
  }
}
