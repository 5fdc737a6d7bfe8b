import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRevision, encodeRevision } from '../../../src/replication/revision.ts';
import { RevisionCursor, RevisionMerge } from '../../../src/replication/target/revision-merge.ts';

const START = 1_700_000_000_000n << 20n;
const places = fc.uniqueArray(fc.nat(60)).map((list) => list.toSorted((a, b) => a - b));
const text = (place: number) => encodeRevision(START + BigInt(place));

/** Pages of so many revisions, as servers give them. */
function cursor(revisions: readonly string[], size: number): RevisionCursor {
  return new RevisionCursor(async (resume) => {
    const from = resume === undefined ? 0 : revisions.indexOf(resume);
    return { revisions: revisions.slice(from, from + size), resume: revisions[from + size] };
  });
}

test('what one side alone has is found, in pages of whatever size, and from a revision on everything', async () => {
  await fc.assert(
    fc.asyncProperty(
      places,
      places,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      fc.option(fc.nat(60), { nil: undefined }),
      async (source, target, sourceSize, targetSize, sincePlace) => {
        const since = sincePlace === undefined ? undefined : text(sincePlace);
        const merge = new RevisionMerge(since);
        const own = cursor(target.map(text), targetSize);
        const all = source.map(text);
        for (let at = 0; at <= all.length; at += sourceSize) {
          await merge.take(all.slice(at, at + sourceSize), at + sourceSize > all.length, own);
        }
        const isDoubtful = (place: number) => sincePlace !== undefined && place >= sincePlace;
        const surplus = target.filter((place) => !source.includes(place) || isDoubtful(place));
        const missing = source.filter((place) => !target.includes(place) || isDoubtful(place));
        expect(merge.surplus.map(decodeRevision)).toEqual(surplus.map((place) => START + BigInt(place)));
        expect(merge.missing.map(decodeRevision)).toEqual(missing.map((place) => START + BigInt(place)));
      },
    ),
  );
});
