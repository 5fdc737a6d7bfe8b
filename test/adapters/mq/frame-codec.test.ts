import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeRecord,
  type RawRecord,
  RECORD_BODY_BYTES_MAX,
  RECORD_HEADER_BYTES_MAX,
  RecordDecoder,
} from '../../../src/adapters/mq/frame-codec.ts';

const anyRecord = fc.record({ header: fc.jsonValue(), body: fc.uint8Array({ maxLength: 300 }) });

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...chunks, bytes.subarray(at)];
}

function decode(chunks: readonly Uint8Array[]): { records: RawRecord[]; atBoundary: boolean } {
  const decoder = new RecordDecoder();
  const records = chunks.flatMap((chunk) => [...decoder.push(chunk)]);
  return { records, atBoundary: decoder.atBoundary };
}

const plain = ({ header, body }: RawRecord) => ({
  header: JSON.stringify(header),
  body: Buffer.from(body).toString('hex'),
});

describe('records on a byte stream', () => {
  test('come out the same however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(anyRecord), fc.array(fc.nat(40)), (records, lengths) => {
        const bytes = Buffer.concat(records.flatMap(({ header, body }) => encodeRecord(header, body)));
        const decoded = decode(cut(bytes, lengths));
        expect(decoded.records.map(plain)).toEqual(records.map(plain));
        expect(decoded.atBoundary).toBe(true);
      }),
    );
  });

  test('an end anywhere within a record is seen, and yields no record of it', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), ({ header, body }, at) => {
        const bytes = Buffer.concat(encodeRecord(header, body));
        const decoded = decode([bytes.subarray(0, 1 + (at % (bytes.length - 1)))]);
        expect(decoded.records).toEqual([]);
        expect(decoded.atBoundary).toBe(false);
      }),
    );
  });

  test.each([
    ['header', RECORD_HEADER_BYTES_MAX + 1, 0],
    ['body', 2, RECORD_BODY_BYTES_MAX + 1],
  ])('a %s above its limit is refused by its length alone', (what, headerLength, bodyLength) => {
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32BE(headerLength, 0);
    prefix.writeUInt32BE(bodyLength, 4);
    expect(() => decode([prefix])).toThrow(new RegExp(`the ${what} of a record has`));
  });

  test('a header that is not JSON is refused', () => {
    const bytes = Buffer.concat(encodeRecord({}, new Uint8Array()));
    bytes.write('{"', 8);
    expect(() => decode([bytes])).toThrow(SyntaxError);
  });
});
