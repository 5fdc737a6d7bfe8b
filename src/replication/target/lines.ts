/** Values of the attributes by which a document's shard is chosen. */
export type ShardKeys = Readonly<Record<string, unknown>>;

/** One operation on a document, its bytes as they came. */
export interface Operation {
  readonly kind: 'put' | 'remove';
  readonly key: string;
  /** `''` for a removal that does not tell it. */
  readonly revision: string;
  /** The document; for a removal its `{"_key","_rev"}`. A view into the frame. */
  readonly bytes: Uint8Array;
  /** Of a removal, where they are known. */
  readonly shardKeys?: ShardKeys;
}

/** A line that is no operation or no document: the stream cannot be trusted. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
}

const NEWLINE = 0x0a;
const PLUS = 0x2b;
const MINUS = 0x2d;

/** Servers store the system attributes first, in this order (reference 4.3); whatever is written otherwise is parsed. */
const HEAD =
  /^\{"_key":"([^"\\]+)"(?:,"_id":"[^"\\]*")?(?:,"_from":"[^"\\]*")?(?:,"_to":"[^"\\]*")?,"_rev":"([^"\\]*)"[,}]/;
/** Enough for two names and a key; edges have up to three such. */
const HEAD_BYTES = 320;
const LONG_HEAD_BYTES = 4096;

/** The operations of a body: a line each, `+<document>` or `-{"_key":…,"_rev":…}`. Throws {@link BadLine}. */
export function operationsOf(body: Uint8Array): Operation[] {
  return linesOf(body, 1).map((bytes) => {
    const sign = body[bytes.byteOffset - body.byteOffset - 1];
    const kind = sign === PLUS ? 'put' : sign === MINUS ? 'remove' : undefined;
    if (kind === undefined) throw new BadLine(`an operation begins with byte ${sign} instead of + or -`);
    const { key, revision } = identityOf(bytes);
    return { kind, key, revision, bytes };
  });
}

/** The documents of a body, a line each, as operations that put them. Throws {@link BadLine}. */
export function documentsOf(body: Uint8Array): Operation[] {
  return linesOf(body, 0).map((bytes) => ({ kind: 'put', ...identityOf(bytes), bytes }));
}

/** The removal of exactly this document. Keeps nothing of its bytes, which would keep what they are a part of. */
export function removalOf(document: Uint8Array): Operation {
  return removalBy(identityOf(document));
}

/** The removal of a revision; keeps nothing of what tells it. `shardKeys` where they are known. */
export function removalBy({ key, revision }: Pick<Operation, 'key' | 'revision'>, shardKeys?: ShardKeys): Operation {
  const removal = { kind: 'remove', key, revision, bytes: NO_BYTES } as const;
  return shardKeys === undefined ? removal : { ...removal, shardKeys };
}

const NO_BYTES = new Uint8Array(0);

/** Without the first `skipped` bytes of each. */
function linesOf(body: Uint8Array, skipped: number): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < body.length; ) {
    const newline = body.indexOf(NEWLINE, start);
    const end = newline === -1 ? body.length : newline;
    if (end > start) lines.push(body.subarray(start + skipped, end));
    start = end + 1;
  }
  return lines;
}

function identityOf(bytes: Uint8Array): { readonly key: string; readonly revision: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const length of [HEAD_BYTES, LONG_HEAD_BYTES]) {
    const [, key, revision] = HEAD.exec(buffer.toString('latin1', 0, Math.min(length, buffer.length))) ?? [];
    if (key !== undefined && revision !== undefined) return { key, revision };
  }
  return parsedIdentity(buffer);
}

function parsedIdentity(buffer: Buffer): { readonly key: string; readonly revision: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(buffer.toString('utf8'));
  } catch {
    throw new BadLine(`a line of ${buffer.length} bytes is no JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || !('_key' in parsed) || typeof parsed._key !== 'string') {
    throw new BadLine(`a line of ${buffer.length} bytes has no _key`);
  }
  const revision = '_rev' in parsed && typeof parsed._rev === 'string' ? parsed._rev : '';
  return { key: parsed._key, revision };
}
