/**
 * Revisions in ascending order, as they travel between workers: the letters that a revision shares with the one before
 * are counted and not repeated. Revisions of one bulk load share most of theirs, so a list of a million takes some four
 * bytes for each where their texts take fourteen.
 *
 * A line is a digit of base 16, the number of shared letters (at most 15), and the letters that follow.
 */
export function packRevisions(revisions: readonly string[]): Buffer {
  let before = '';
  const lines = revisions.map((revision) => {
    const shared = sharedLetters(before, revision);
    before = revision;
    return `${shared.toString(16)}${revision.slice(shared)}\n`;
  });
  return Buffer.from(lines.join(''), 'latin1');
}

/** The list that {@link packRevisions} packed. Throws for what it cannot have packed. */
export function unpackRevisions(body: Uint8Array): string[] {
  const lines = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1').split('\n');
  if (lines.pop() !== '') throw new Error('a list of revisions ends inside of a line');
  let before = '';
  return lines.map((line) => {
    const shared = Number.parseInt(line.charAt(0), 16);
    if (!(shared <= before.length)) throw new Error(`"${line}" is no line of a list of revisions`);
    before = before.slice(0, shared) + line.slice(1);
    return before;
  });
}

const SHARED_MAX = 15;

function sharedLetters(before: string, revision: string): number {
  const max = Math.min(before.length, revision.length, SHARED_MAX);
  let shared = 0;
  while (shared < max && before.charCodeAt(shared) === revision.charCodeAt(shared)) shared += 1;
  return shared;
}
