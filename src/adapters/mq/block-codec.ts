import { promisify } from 'node:util';
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { bytesOf } from '../../replication/bytes-of.ts';

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
const knownCodes: ReadonlySet<number> = new Set(Object.values(codes));
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

/**
 * One block of at most {@link BLOCK_BYTES_MAX}, of pieces that are joined only here: bytes that stay as they are are copied
 * once. Stored as it is when packing does not make it smaller.
 */
export async function encodeBlock(pieces: readonly Uint8Array[], encoding: BlockEncoding): Promise<Buffer> {
  const rawLength = bytesOf(pieces);
  if (rawLength > BLOCK_BYTES_MAX) throw tooLarge(rawLength);
  if (encoding === 'identity' || rawLength < WORTH_PACKING_BYTES) return frame('identity', rawLength, pieces);
  const raw = Buffer.concat(pieces, rawLength);
  // The default of 16 KiB would go through the event loop dozens of times for a block. Most documents pack to less.
  const chunkSize = Math.max(CHUNK_BYTES_MIN, rawLength >> 2);
  const packed =
    encoding === 'zstd'
      ? await zstd(raw, { chunkSize, params: { [constants.ZSTD_c_compressionLevel]: 1 } })
      : await pack(raw, { chunkSize, level: 1 });
  return packed.length < rawLength ? frame(encoding, rawLength, [packed]) : frame('identity', rawLength, [raw]);
}

function frame(encoding: BlockEncoding, rawLength: number, stored: readonly Uint8Array[]): Buffer {
  const storedLength = bytesOf(stored);
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt8(codes[encoding], 0);
  prefix.writeUInt32BE(rawLength, 1);
  prefix.writeUInt32BE(storedLength, 5);
  return Buffer.concat([prefix, ...stored], PREFIX_BYTES + storedLength);
}

/** A block that is arriving. */
interface Arriving {
  readonly code: number;
  readonly rawLength: number;
  readonly storedLength: number;
  lacking: number;
  /** Of a packed one: it is unpacked when it is whole. */
  readonly pieces: Uint8Array[];
}

/**
 * The raw bytes of a stream of blocks: those of a packed block when it is whole, others piece by piece as they come. Throws
 * on a malformed block, {@link TruncatedBlock} on an end within one.
 */
export async function* decodeBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let prefix: Uint8Array = Buffer.alloc(0);
  let block: Arriving | undefined;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (rest.length > 0) {
      if (block === undefined) {
        const taken = rest.subarray(0, PREFIX_BYTES - prefix.length);
        rest = rest.subarray(taken.length);
        prefix = Buffer.concat([prefix, taken]);
        if (prefix.length < PREFIX_BYTES) break;
        block = begun(prefix);
        prefix = Buffer.alloc(0);
      }
      const piece = rest.subarray(0, block.lacking);
      rest = rest.subarray(piece.length);
      block.lacking -= piece.length;
      if (block.code === codes.identity) yield piece;
      else block.pieces.push(piece);
      if (block.lacking > 0) break;
      if (block.code !== codes.identity) yield await unpackBlock(block);
      block = undefined;
    }
  }
  const held = block === undefined ? prefix.length : PREFIX_BYTES + block.storedLength - block.lacking;
  if (held > 0) throw new TruncatedBlock(`the stream ended within a block, ${held} bytes into it`);
}

function begun(prefix: Uint8Array): Arriving {
  const view = new DataView(prefix.buffer, prefix.byteOffset);
  const code = view.getUint8(0);
  const rawLength = view.getUint32(1);
  const storedLength = view.getUint32(5);
  if (rawLength > BLOCK_BYTES_MAX) throw tooLarge(rawLength);
  if (storedLength > BLOCK_BYTES_MAX) throw tooLarge(storedLength);
  if (!knownCodes.has(code)) throw new Error(`a block in the unknown encoding ${code}`);
  if (code === codes.identity && rawLength !== storedLength) throw unequal(rawLength, storedLength);
  return { code, rawLength, storedLength, lacking: storedLength, pieces: [] };
}

async function unpackBlock({ code, rawLength, pieces }: Arriving): Promise<Buffer> {
  const options = { chunkSize: Math.max(CHUNK_BYTES_MIN, rawLength), maxOutputLength: rawLength };
  const stored = Buffer.concat(pieces);
  const raw = code === codes.zstd ? await unzstd(stored, options) : await unpack(stored, options);
  if (raw.length !== rawLength) throw unequal(rawLength, raw.length);
  return raw;
}

function tooLarge(bytes: number): RangeError {
  return new RangeError(`a block of ${bytes} bytes; ${BLOCK_BYTES_MAX} are allowed`);
}

function unequal(rawLength: number, bytes: number): Error {
  return new Error(`a block of ${rawLength} bytes unpacked to ${bytes}`);
}
