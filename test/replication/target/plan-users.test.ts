import { describe, expect, test } from 'vitest';
import { planUsers, type UserPlan, type UserRules } from '../../../src/replication/target/plan-users.ts';
import type { UserDocument } from '../../../src/replication/users/user-documents.ts';

interface Draft {
  readonly key?: string;
  readonly hash?: string;
  readonly active?: boolean;
  readonly databases?: object;
  readonly userData?: string;
}

function user(
  name: string,
  { key = '1', hash = 'h', active = true, databases = {}, userData = '{}' }: Draft = {},
): UserDocument {
  const authData = { active, simple: { hash, salt: 's', method: 'sha256' } };
  const head = { _key: key, _id: `_users/${key}`, _rev: `_rev${key}`, user: name, authData, databases };
  return { name, document: `${JSON.stringify(head).slice(0, -1)},"userData":${userData}}` };
}

const plan = (
  source: readonly UserDocument[],
  target: readonly UserDocument[],
  rules: Partial<UserRules> = {},
): UserPlan => planUsers(source, target, { excludeRoot: false, agreed: new Set(), ...rules });

const ROOT = user('root');

describe('a plan of users', () => {
  test('is empty when both sides have the same, under whatever keys, and however numbers are printed', () => {
    const source = [user('root', { key: '1' }), user('a', { key: '2', userData: '{"n":1.0,"m":2}' })];
    const target = [user('a', { key: '7', userData: '{"m":2,"n":1}' }), user('root', { key: '9' })];
    expect(plan(source, target)).toEqual({ puts: [], drops: [], surplus: new Set() });
  });

  test('makes who is not there, word for word', () => {
    const a = user('a', { userData: '{"n":12345678901234567890}' });
    expect(plan([ROOT, a], [ROOT]).puts).toEqual([{ ...a, change: 'created user a' }]);
  });

  test.each([
    [{ hash: 'other' }, 'changed password or activity of user a'],
    [{ active: false }, 'changed password or activity of user a'],
    [{ databases: { d: { permissions: { read: true, write: false } } } }, 'changed grants of user a'],
    [{ userData: '{"n":9007199254740993}' }, 'changed extra data of user a'],
    [{ userData: '{"n":1}', databases: { d: {} } }, 'changed grants, extra data of user a'],
  ] as const)('changes who is otherwise: %o', (draft, change) => {
    const wanted = user('a', draft);
    const stored = user('a', { userData: 'userData' in draft ? '{"n":9007199254740992}' : '{}' });
    expect(plan([ROOT, wanted], [ROOT, stored]).puts).toEqual([{ ...wanted, change }]);
  });

  test('S1: drops nobody whom only this inventory lacks', () => {
    const target = [ROOT, user('a'), user('b')];
    expect(plan([ROOT], target)).toEqual({ puts: [], drops: [], surplus: new Set(['a', 'b']) });
    expect(plan([ROOT], target, { agreed: new Set(['b', 'gone']) }).drops).toEqual(['b']);
  });

  test('never drops root', () => {
    expect(plan([user('a')], [ROOT, user('a')], { agreed: new Set(['root']) })).toMatchObject({
      drops: [],
      surplus: new Set(),
    });
  });

  test('leaves root alone when it is told so, there or not', () => {
    const other = user('root', { hash: 'of the source' });
    expect(plan([other], [ROOT]).puts).toHaveLength(1);
    expect(plan([other], [ROOT], { excludeRoot: true }).puts).toEqual([]);
    expect(plan([other, user('a')], [], { excludeRoot: true }).puts.map(({ name }) => name)).toEqual(['a']);
  });

  test('tells nothing of a password', () => {
    const { puts } = plan([user('a', { hash: 'secret1' }), user('b', { hash: 'secret2' })], [user('a')]);
    expect(puts.map(({ change }) => change).join()).not.toMatch(/secret/);
  });
});
