import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BLOCK_BYTES_MAX,
  type BlockEncoding,
  chooseEncoding,
  decodeBlocks,
  encodeBlock,
  TruncatedBlock,
} from '../../../src/adapters/mq/block-codec.ts';

async function* chunked(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function decode(bytes: Buffer, chunkLength: number): Promise<Buffer> {
  const raw: Uint8Array[] = [];
  for await (const block of decodeBlocks(chunked(bytes, chunkLength))) raw.push(block);
  return Buffer.concat(raw);
}

const encodings: BlockEncoding[] = ['identity', 'gzip', 'zstd'];
const documents = Buffer.from('{"_key":"1234567","value":"the same again and again"}\n'.repeat(500));

function block(code: number, rawLength: number, stored: Buffer): Buffer {
  const prefix = Buffer.alloc(9);
  prefix.writeUInt8(code, 0);
  prefix.writeUInt32BE(rawLength, 1);
  prefix.writeUInt32BE(stored.length, 5);
  return Buffer.concat([prefix, stored]);
}

describe('blocks', () => {
  test.each(encodings)('in %s come out as they went in, in any chunks', async (encoding) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.constant(documents)), { maxLength: 3 }), {
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 5000 }),
        async (blocks, chunkLength) => {
          const encoded = await Promise.all(blocks.map((pieces) => encodeBlock(pieces, encoding)));
          const raw = Buffer.concat(blocks.flat());
          expect(Buffer.compare(await decode(Buffer.concat(encoded), chunkLength), raw)).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each(['gzip', 'zstd'] as const)('in %s are smaller than what they hold', async (encoding) => {
    expect((await encodeBlock([documents], encoding)).length).toBeLessThan(documents.length / 10);
  });

  test('a stream that ends within a block says so', async () => {
    const encoded = await encodeBlock([documents], 'zstd');
    await expect(decode(encoded.subarray(0, encoded.length - 1), 100)).rejects.toThrow(TruncatedBlock);
    await expect(decode(encoded.subarray(0, 5), 100)).rejects.toThrow(TruncatedBlock);
    const asItIs = await encodeBlock([documents], 'identity');
    await expect(decode(asItIs.subarray(0, asItIs.length - 1), 100)).rejects.toThrow(
      `${asItIs.length - 1} bytes into it`,
    );
    await expect(decode(asItIs.subarray(0, 9), 100)).rejects.toThrow('9 bytes into it');
  });

  test('a block of nothing comes out, as a sign of life', async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of decodeBlocks(chunked(await encodeBlock([], 'zstd'), 9))) pieces.push(piece);
    expect(pieces.map(({ length }) => length)).toEqual([0]);
  });

  test('a block that would unpack to more than it says is not unpacked', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024), {
      params: { [constants.ZSTD_c_compressionLevel]: 1 },
    });
    await expect(decode(block(2, 1000, bomb), 1000)).rejects.toThrow(RangeError);
  });

  test('a block above the limit is refused by its length alone', async () => {
    await expect(decode(block(0, 10, Buffer.alloc(0)).fill(0xff, 5), 100)).rejects.toThrow(RangeError);
    await expect(decode(block(0, BLOCK_BYTES_MAX + 1, Buffer.alloc(0)), 100)).rejects.toThrow(RangeError);
  });

  test('a block in an unknown encoding, or of another length than it says, is refused', async () => {
    await expect(decode(block(9, 3, Buffer.from('abc')), 100)).rejects.toThrow('unknown encoding 9');
    await expect(decode(block(0, 4, Buffer.from('abc')), 100)).rejects.toThrow('unpacked to 3');
  });

  test.each([
    ['zstd, gzip', 'zstd', 'zstd'],
    ['gzip;q=0.5, deflate', 'gzip', 'gzip'],
    ['identity, zstd;q=0.5, gzip;q=0.5', 'identity', 'zstd'],
    ['identity', 'identity', 'identity'],
    ['br', 'identity', 'identity'],
    [undefined, 'identity', 'identity'],
  ])('of %s is chosen %s, and %s where bytes are scarce', (accepted, plenty, scarce) => {
    expect(chooseEncoding(accepted, false)).toBe(plenty);
    expect(chooseEncoding(accepted, true)).toBe(scarce);
  });
});
