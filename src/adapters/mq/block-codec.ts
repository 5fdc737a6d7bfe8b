import { promisify } from 'node:util';
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';

/**
 * A byte stream in blocks, each compressed on its own: `[u8 encoding][u32 raw length][u32 stored length][bytes]`,
 * big-endian. Blocks of their own (rather than one compressed stream) because each is flushed as soon as it is there,
 * compresses in the thread pool while the one before is being written, and is bounded before it is unpacked.
 */

/**
 * Measured on JSON documents, one thread: zstd at level 1 packs 437 MiB/s to 0.19, gzip at level 1 220 MiB/s to 0.23, at
 * this size; at 64 KiB half as fast, and larger blocks gain little.
 */
export const BLOCK_BYTES_MAX = 512 * 1024;
/** Below this, packing costs more than it saves. */
const WORTH_PACKING_BYTES = 1024;
const PREFIX_BYTES = 9;
/** Smallest buffer for the output of (un)packing. */
const CHUNK_BYTES_MIN = 4096;

const codes = { identity: 0, gzip: 1, zstd: 2 } as const;
export type BlockEncoding = keyof typeof codes;

const zstd = promisify(zstdCompress);
const unzstd = promisify(zstdDecompress);
const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** A stream of blocks ended within one: the connection was cut, whatever HTTP says about it. */
export class TruncatedBlock extends Error {
  override readonly name = 'TruncatedBlock';
}

/** The best of what the other side's `Accept-Encoding` names: `identity` where it names that first and bytes are not scarce. */
export function chooseEncoding(acceptEncoding: string | undefined, areBytesScarce: boolean): BlockEncoding {
  const accepted = (acceptEncoding ?? '').split(',').map((name) => name.trim().replace(/;.*/, ''));
  if (accepted[0] === 'identity' && !areBytesScarce) return 'identity';
  if (accepted.includes('zstd')) return 'zstd';
  return accepted.includes('gzip') ? 'gzip' : 'identity';
}

/** One block of at most {@link BLOCK_BYTES_MAX}; stored as it is when packing does not make it smaller. */
export async function encodeBlock(raw: Buffer, encoding: BlockEncoding): Promise<Buffer> {
  if (raw.length > BLOCK_BYTES_MAX)
    throw new RangeError(`a block of ${raw.length} bytes; ${BLOCK_BYTES_MAX} are allowed`);
  if (encoding === 'identity' || raw.length < WORTH_PACKING_BYTES) return frame('identity', raw.length, raw);
  // The default of 16 KiB would go through the event loop dozens of times for a block. Most documents pack to less.
  const chunkSize = Math.max(CHUNK_BYTES_MIN, raw.length >> 2);
  const packed =
    encoding === 'zstd'
      ? await zstd(raw, { chunkSize, params: { [constants.ZSTD_c_compressionLevel]: 1 } })
      : await pack(raw, { chunkSize, level: 1 });
  return packed.length < raw.length ? frame(encoding, raw.length, packed) : frame('identity', raw.length, raw);
}

function frame(encoding: BlockEncoding, rawLength: number, stored: Buffer): Buffer {
  const block = Buffer.allocUnsafe(PREFIX_BYTES + stored.length);
  block.writeUInt8(codes[encoding], 0);
  block.writeUInt32BE(rawLength, 1);
  block.writeUInt32BE(stored.length, 5);
  stored.copy(block, PREFIX_BYTES);
  return block;
}

/** The raw bytes of a stream of blocks, block by block. Throws on a malformed block, {@link TruncatedBlock} on an end within one. */
export async function* decodeBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    pieces.push(chunk);
    held += chunk.length;
    if (held < neededBytes(pieces)) continue;
    let rest = Buffer.concat(pieces, held);
    for (let length = neededBytes([rest]); rest.length >= length; length = neededBytes([rest])) {
      yield await decodeBlock(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    pieces = rest.length > 0 ? [rest] : [];
    held = rest.length;
  }
  if (held > 0) throw new TruncatedBlock(`the stream ended within a block, ${held} bytes into it`);
}

/** Length of the block that begins with these pieces, or of its prefix while that is not whole. */
function neededBytes(pieces: readonly Uint8Array[]): number {
  const [first = new Uint8Array()] = pieces;
  const head = first.length >= PREFIX_BYTES ? first : Buffer.concat(pieces.slice(0, PREFIX_BYTES));
  if (head.length < PREFIX_BYTES) return PREFIX_BYTES;
  const stored = new DataView(head.buffer, head.byteOffset).getUint32(5);
  if (stored > BLOCK_BYTES_MAX) throw new RangeError(`a block of ${stored} bytes; ${BLOCK_BYTES_MAX} are allowed`);
  return PREFIX_BYTES + stored;
}

async function decodeBlock(block: Buffer): Promise<Buffer> {
  const rawLength = block.readUInt32BE(1);
  if (rawLength > BLOCK_BYTES_MAX)
    throw new RangeError(`a block of ${rawLength} bytes; ${BLOCK_BYTES_MAX} are allowed`);
  const raw = await unpackBlock(block.readUInt8(0), block.subarray(PREFIX_BYTES), rawLength);
  if (raw.length !== rawLength) throw new Error(`a block of ${rawLength} bytes unpacked to ${raw.length}`);
  return raw;
}

async function unpackBlock(code: number, stored: Buffer, maxOutputLength: number): Promise<Buffer> {
  if (code === codes.identity) return stored;
  const chunkSize = Math.max(CHUNK_BYTES_MIN, maxOutputLength);
  if (code === codes.zstd) return unzstd(stored, { chunkSize, maxOutputLength });
  if (code === codes.gzip) return unpack(stored, { chunkSize, maxOutputLength });
  throw new Error(`a block in the unknown encoding ${code}`);
}
