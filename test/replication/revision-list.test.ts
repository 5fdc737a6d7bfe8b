import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRevision } from '../../src/replication/revision.ts';
import { packRevisions, unpackRevisions } from '../../src/replication/revision-list.ts';

const revision = fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }).map(encodeRevision);

test('what was packed is unpacked', () => {
  fc.assert(
    fc.property(fc.array(revision), (revisions) => {
      expect(unpackRevisions(packRevisions(revisions))).toEqual(revisions);
    }),
  );
});

test('revisions of a bulk load take a few bytes each', () => {
  const start = 1_700_000_000_000n << 20n;
  const revisions = Array.from({ length: 10_000 }, (_, index) => encodeRevision(start + BigInt(index) * 3n));
  expect(packRevisions(revisions).length / revisions.length).toBeLessThan(5);
});

test('what cannot have been packed is refused', () => {
  expect(() => unpackRevisions(Buffer.from('0_g69jY-----'))).toThrow(/inside of a line/);
  expect(() => unpackRevisions(Buffer.from('3abc\n'))).toThrow(/no line/);
  expect(() => unpackRevisions(Buffer.from('\n'))).toThrow(/no line/);
});
