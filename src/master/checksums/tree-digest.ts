/**
 * `<count>:<hash>` of a revision tree as the server sends it (reference 5.8.2). The hash is a number up to 2^64 - 1, which
 * `JSON.parse` would round: it is taken from the text. Nodes carry fields of the same names and are cut out first; they
 * hold no arrays. Undefined when the text is no tree.
 */
export function treeDigest(text: string): string | undefined {
  const top = withoutNodes(text);
  const count = /"count"\s*:\s*(\d+)/.exec(top)?.[1];
  const hash = /"hash"\s*:\s*"?(\d+)/.exec(top)?.[1];
  return count === undefined || hash === undefined ? undefined : `${count}:${hash}`;
}

function withoutNodes(text: string): string {
  const start = text.indexOf('"nodes"');
  if (start < 0) return text;
  const end = text.indexOf(']', start);
  return end < 0 ? text.slice(0, start) : text.slice(0, start) + text.slice(end + 1);
}
