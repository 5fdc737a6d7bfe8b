import { describe, expect, test } from 'vitest';
import { type HeldKey, settleKeys } from '../../../src/replication/target/settle-keys.ts';
import { documentLine } from './operations.ts';

const [READ, SINCE, THEIRS] = ['_kEJrpFq---', '_kEJrpFq--_', '_kEJrpFq--A'] as const;
const NEVER = new AbortController().signal;

/** What is done to a target that has these documents now, when the source has those. */
async function settled(held: HeldKey, now: string | undefined, source: string | undefined): Promise<string[]> {
  const done: string[] = [];
  const note = (what: string) => async (documents: readonly { readonly key: string; readonly revision: string }[]) =>
    void done.push(...documents.map(({ key, revision }) => `${what} ${key}@${revision}`));
  const stored = async () => [now === undefined ? undefined : Buffer.from(now)];
  const ports = { stored, remove: note('remove'), insert: note('insert') };
  await settleKeys([held], Buffer.from(source === undefined ? '' : `${source}\n`), ports, NEVER);
  return done;
}

const document = (revision: string, n = 1) => documentLine('k', revision, { n });

describe('S2: a key that may have moved', () => {
  test('is removed, as it was read, when the source has it no more', async () => {
    expect(await settled({ key: 'k', revision: READ }, document(READ), undefined)).toEqual([`remove k@${READ}`]);
  });

  test('stays when the source has the same elsewhere', async () => {
    expect(await settled({ key: 'k', revision: READ }, document(READ), document(THEIRS))).toEqual([]);
  });

  test('becomes what the source has', async () => {
    expect(await settled({ key: 'k', revision: READ }, document(READ), document(THEIRS, 2))).toEqual([
      `remove k@${READ}`,
      `insert k@${THEIRS}`,
    ]);
    expect(await settled({ key: 'k', revision: undefined }, undefined, document(THEIRS))).toEqual([
      `insert k@${THEIRS}`,
    ]);
  });

  test('is left to whoever wrote it since it was read', async () => {
    for (const revision of [READ, undefined]) {
      expect(await settled({ key: 'k', revision }, document(SINCE), undefined)).toEqual([]);
      expect(await settled({ key: 'k', revision }, document(SINCE), document(THEIRS, 2))).toEqual([]);
    }
  });

  test('that has gone since comes back only when the source has it', async () => {
    expect(await settled({ key: 'k', revision: READ }, undefined, undefined)).toEqual([]);
    expect(await settled({ key: 'k', revision: READ }, undefined, document(THEIRS))).toEqual([`insert k@${THEIRS}`]);
  });
});
