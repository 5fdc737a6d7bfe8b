import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { checkCommit, checkCommitText, parsedText, sealCommit } from '../../src/events/chain.ts';
import type { Commit } from '../../src/events/log.ts';

const hasher = commitHasher(['secret']);
const START = { position: 0, hash: '' };

const anyCommit = fc
  .record({ cause: fc.string({ unit: 'binary' }), data: fc.jsonValue(), term: fc.nat() })
  .map(({ cause, data, term }) => {
    const events = [{ id: 'id', type: 'Anything', v: 1, data }];
    return sealCommit(START, { term, writer: 'w', at: '2024-01-01T00:00:00.000Z', cause, events }, hasher);
  });

/** What may become of a commit's text between its writer and its reader. */
const rewritten: readonly ((text: string, at: number) => string)[] = [
  (text) => text,
  (text) => JSON.stringify(JSON.parse(text), null, 1),
  (text) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())),
  (text) => text.replace('"term":', '"term": '),
  (text) => text.replace('{', '{"more":1,'),
  (text) => text.replace('{', '{"term":7,'),
  (text) => text.replace(/"hash":"[^"]+"/, '"hash":"00000000.x"'),
  (text) => text.replace('"term":', '"term":1'),
  (text, at) => text.slice(0, at % text.length),
  (text, at) => text.slice(0, at % text.length) + text.slice((at % text.length) + 1),
  (text, at) => `${text.slice(0, at % text.length)}1${text.slice((at % text.length) + 1)}`,
];

describe('the text of a commit', () => {
  it('says of every text what its value says', () => {
    const how = fc.constantFrom(...rewritten);
    const property = (commit: Commit, rewrite: (typeof rewritten)[number], at: number) => {
      const text = rewrite(JSON.stringify(commit), at);
      expect(checkCommitText(text, 1, START, hasher)).toEqual(checkCommit(parsedText(text), 1, START, hasher));
    };
    fc.assert(fc.property(anyCommit, how, fc.nat(), property), { numRuns: 2_000 });
  });

  it('is whole as it was written, and also when a database spelled it anew', () => {
    fc.assert(
      fc.property(anyCommit, (commit) => {
        const whole = JSON.stringify(commit);
        expect(checkCommitText(whole, 1, START, hasher)).toEqual({ commit });
        const { hash, ...content } = commit;
        expect(checkCommitText(JSON.stringify({ hash, ...content }), 1, START, hasher)).toEqual({ commit });
      }),
    );
  });

  it('is not whole with one character more or less that means something', () => {
    const commit = sealCommit(
      START,
      { ...{ term: 1, writer: 'w', at: 'now', cause: 'c' }, events: [{ id: 'i', type: 'T', v: 1, data: { n: 1 } }] },
      hasher,
    );
    const changed = JSON.stringify(commit).replace('"n":1', '"n":2');
    expect(checkCommitText(changed, 1, START, hasher).finding?.problem).toBe('changed');
  });

  it('is checked by a hash of our own keys only', () => {
    const [commit] = fc.sample(anyCommit, 1);
    const text = JSON.stringify(commit);
    expect(checkCommitText(text, 1, START, commitHasher(['another'])).finding?.problem).toBe('other-key');
  });
});
