import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { QueueTokens } from '../../../src/adapters/mq/token.ts';

const secret = 'the master secret';
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('S23: a queue token', () => {
  test('says which target may open links', () => {
    const tokens = new QueueTokens(secret);
    expect(tokens.verify(tokens.issue('t1'))).toMatchObject({ aud: 'mq', target: 't1' });
    expect(tokens.verifyAuthorization(`BEARER ${tokens.issue('t1')}`)?.target).toBe('t1');
  });

  test('ends when its time is over', () => {
    let nowMs = 1_000_000;
    const tokens = new QueueTokens(secret, () => nowMs);
    const token = tokens.issue('t1', 60_000);
    nowMs += 59_000;
    expect(tokens.verify(token)).toBeDefined();
    nowMs += 2_000;
    expect(tokens.verify(token)).toBeUndefined();
  });

  test('of another secret, with other claims, or with another signature is refused', () => {
    const tokens = new QueueTokens(secret);
    const [header = '', claims = '', signature = ''] = tokens.issue('t1').split('.');
    const forged = base64url({ aud: 'mq', target: 't2', exp: 9_999_999_999 });
    expect(new QueueTokens('another secret').verify(`${header}.${claims}.${signature}`)).toBeUndefined();
    expect(tokens.verify(`${header}.${forged}.${signature}`)).toBeUndefined();
    expect(tokens.verify(`${header}.${claims}.`)).toBeUndefined();
    expect(tokens.verify(`${header}.${claims}.${signature}.x`)).toBeUndefined();
    expect(tokens.verify(`${base64url({ alg: 'none' })}.${claims}.${signature}`)).toBeUndefined();
    expect(tokens.verify('')).toBeUndefined();
  });

  test('cannot be made with the master secret itself, and is no token of a master', () => {
    const tokens = new QueueTokens(secret);
    const [header = '', claims = '', signature = ''] = tokens.issue('t1').split('.');
    const byMaster = createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url');
    expect(byMaster).not.toBe(signature);
    expect(tokens.verify(`${header}.${claims}.${byMaster}`)).toBeUndefined();
  });

  test('needs a secret', () => {
    expect(() => new QueueTokens('')).toThrow('master.jwtSecret');
  });
});
