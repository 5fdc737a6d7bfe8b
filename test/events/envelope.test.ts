import { describe, expect, it } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { actorOf, describeActor } from '../../src/events/actor.ts';
import { canonicalText } from '../../src/events/canonical.ts';
import { checkCommit, sealCommit } from '../../src/events/chain.ts';

const hasher = commitHasher(['secret']);
const START = { position: 0, hash: '' };
const event = { id: 'e1', type: 'Tested', v: 1, data: { b: 1, a: 2 } };
const draft = {
  term: 1,
  writer: 'm1',
  at: '2024-05-06T07:08:09Z',
  cause: 'set-message-timeout by user root',
  events: [event],
};
const actor = { kind: 'certificate', name: 'CN=b', fingerprint: 'ff', clientId: 'tool', address: '10.0.0.7' } as const;

/** A commit as programs wrote it before envelopes had a version. */
function sealedByVersion1(): object {
  const unsealed = { position: 1, ...draft, prev: '' };
  return { ...unsealed, hash: hasher.hash(canonicalText(unsealed)) };
}

describe('the envelope of a commit', () => {
  it('names who gave the command, under the hash', () => {
    const commit = sealCommit(START, { ...draft, actor }, hasher);
    expect(checkCommit(commit, 1, START, hasher).commit).toEqual(commit);
    expect(actorOf(commit)).toEqual(actor);
    const forged = { ...commit, actor: { ...actor, name: 'CN=c' } };
    expect(checkCommit(forged, 1, START, hasher).finding?.problem).toBe('changed');
    const { actor: _actor, ...anonymous } = commit;
    expect(checkCommit(anonymous, 1, START, hasher).finding?.problem).toBe('changed');
  });

  it('of version 1 still verifies, and its actor is read from its cause', () => {
    const { commit } = checkCommit(sealedByVersion1(), 1, START, hasher);
    expect(commit?.v).toBeUndefined();
    expect(commit === undefined ? undefined : actorOf(commit)).toEqual({ kind: 'user', name: 'root' });
    expect(actorOf({ cause: 'election' })).toBeUndefined();
    expect(actorOf({ cause: 'cancel-sync by certificate CN=b, O=a by user x' })).toEqual({
      kind: 'certificate',
      name: 'CN=b, O=a by user x',
    });
  });

  it('of today has no actor when nobody asked, whatever its cause says', () => {
    expect(actorOf({ v: 2, cause: 'x by user root' })).toBeUndefined();
  });

  it('of a newer version is told as such, not taken for damage', () => {
    const newer = { ...sealCommit(START, draft, hasher), v: 3 };
    expect(checkCommit(newer, 1, START, hasher).finding).toMatchObject({
      problem: 'malformed',
      detail: expect.stringContaining('a newer program wrote it: envelope version 3'),
    });
  });

  it('of version 1 cannot carry an actor that it never had', () => {
    expect(checkCommit({ ...sealedByVersion1(), actor }, 1, START, hasher).finding?.problem).toBe('malformed');
  });

  it('is written in canonical order, so that JSON as it is read is what is hashed', () => {
    const { hash: _hash, ...unsealed } = sealCommit(START, { ...draft, actor }, hasher);
    expect(JSON.stringify(unsealed)).toBe(canonicalText(unsealed));
  });

  it('is told to people in one line', () => {
    expect(describeActor(actor)).toBe('certificate CN=b from 10.0.0.7 (tool)');
    expect(describeActor({ kind: 'user', name: 'root' })).toBe('user root');
  });
});
