import { expect, test } from 'vitest';
import { ClusterTokens } from '../../src/master/cluster-tokens.ts';
import type { ArangoServer } from '../../src/replication/arango.ts';

const LEASE_MS = 6_000;
const signal = new AbortController().signal;

/** Tokens by a clock of ours that stands at `ourMs`, of a deployment whose clock stands at `theirMs`. */
function tokensAt(ourMs: number, theirMs: number) {
  const asked: string[] = [];
  /** What passes on each of the clocks. */
  const passed = { wallMs: 0, monotonicMs: 0, serverMs: 0 };
  const clock = {
    now: () => new Date(ourMs + passed.wallMs),
    monotonicMs: () => passed.monotonicMs,
    sleep: async () => undefined,
  };
  const front = {
    name: 'front',
    request: () => Promise.reject(new Error('not asked')),
    json: async ({ path }: { path: string }) => {
      asked.push(path);
      return { time: (theirMs + passed.serverMs) / 1_000 };
    },
  } as ArangoServer;
  const issuer = { issue: (from: number, until: number) => `${from}-${until}` };
  return { tokens: new ClusterTokens(front, issuer, clock, LEASE_MS), asked, passed };
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

test('S4: a jump of our wall clock does not make a token last longer', async () => {
  const { tokens, passed } = tokensAt(1_700_000_000_000, 1_700_000_000_000);
  await tokens.forOneLease(signal);
  Object.assign(passed, { wallMs: 45_000, monotonicMs: 2_000, serverMs: 2_000 });
  expect(await tokens.forOneLease(signal)).toBe('1700000002-1700000008');
});

test('S4: a machine that was asleep compares the clocks again', async () => {
  const { tokens, asked, passed } = tokensAt(1_700_000_000_000, 1_700_000_000_000);
  await tokens.forOneLease(signal);
  Object.assign(passed, { wallMs: 20_000, monotonicMs: 1_000, serverMs: 20_000 });
  expect(await tokens.forOneLease(signal)).toBe('1700000020-1700000026');
  expect(asked).toHaveLength(2);
});
