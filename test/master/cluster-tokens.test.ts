import { expect, test } from 'vitest';
import { ClusterTokens } from '../../src/master/cluster-tokens.ts';
import type { ArangoServer } from '../../src/replication/arango.ts';

const LEASE_MS = 6_000;
const signal = new AbortController().signal;

/** Tokens by a clock of ours that stands at `ourMs`, of a deployment whose clock stands at `theirMs`. */
function tokensAt(ourMs: number, theirMs: number) {
  const asked: string[] = [];
  const clock = { now: () => new Date(ourMs), monotonicMs: () => 0, sleep: async () => undefined };
  const front = {
    name: 'front',
    request: () => Promise.reject(new Error('not asked')),
    json: async ({ path }: { path: string }) => {
      asked.push(path);
      return { time: theirMs / 1_000 };
    },
  } as ArangoServer;
  const issuer = { issue: (from: number, until: number) => `${from}-${until}` };
  return { tokens: new ClusterTokens(front, issuer, clock, LEASE_MS), asked };
}

test("S4: a worker's token ends with its lease, in the servers' own time", async () => {
  const ours = 1_700_000_000_900;
  expect(await tokensAt(ours, ours).tokens.forOneLease(signal)).toBe('1700000000-1700000006');
  const hourAhead = tokensAt(ours, ours + 3_600_000);
  expect(await hourAhead.tokens.forOneLease(signal)).toBe('1700003600-1700003606');
  const behind = tokensAt(ours, ours - 60_000);
  expect(await behind.tokens.forOneLease(signal)).toBe('1699999940-1699999946');
});

test('the servers are asked for their time now and then, not for every token', async () => {
  const { tokens, asked } = tokensAt(1_000, 1_000);
  await tokens.forOneLease(signal);
  await tokens.forOneLease(signal);
  expect(asked).toEqual(['/_admin/time']);
});
