import { describe, expect, it } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { headOf } from '../../src/events/chain.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { StreamLog } from '../../src/events/stream-log.ts';
import { verifyLog } from '../../src/events/verify-log.ts';
import { appendAll } from './event-log-suite.ts';

const hasher = commitHasher(['secret']);

async function* streamOf(stored: readonly unknown[]): AsyncGenerator<unknown> {
  yield* stored;
}

async function problemsOf(stored: readonly unknown[]) {
  const { findings, commits } = await verifyLog(StreamLog.of(streamOf(stored), hasher));
  return { commits, problems: findings.map(({ position, problem }) => `${position} ${problem}`) };
}

describe('a log that comes as a stream', () => {
  it('is whole when it is what was written, from wherever it begins', async () => {
    const commits = await appendAll(openMemoryLog(hasher), ['a', 'b', 'c', 'd']);
    expect(await problemsOf(commits)).toEqual({ commits: 4, problems: [] });
    expect(await problemsOf(commits.slice(2))).toEqual({ commits: 2, problems: [] });
    expect(await problemsOf([])).toEqual({ commits: 0, problems: [] });
  });

  it('gives what is whole before it tells what is not', async () => {
    const commits = await appendAll(openMemoryLog(hasher), ['a', 'b', 'c', 'd']);
    expect(await problemsOf(commits.toSpliced(2, 1))).toEqual({ commits: 2, problems: ['3 swapped'] });
    expect(await problemsOf(commits.with(1, { ...commits[1], cause: 'x' } as never))).toEqual({
      commits: 1,
      problems: ['2 changed'],
    });
    expect(await problemsOf([...commits.slice(0, 3), undefined])).toEqual({ commits: 3, problems: ['4 malformed'] });
    expect(await problemsOf([...commits, commits[3]])).toEqual({ commits: 4, problems: ['5 swapped'] });
  });

  it('is read in its order only', async () => {
    const commits = await appendAll(openMemoryLog(hasher), ['a', 'b']);
    const log = StreamLog.of(streamOf(commits), hasher);
    const [first] = await log.read({ position: 0, hash: '' }, 1);
    if (first === undefined) throw new Error('nothing was read');
    expect((await log.read(headOf(first), 5)).map(({ cause }) => cause)).toEqual(['b']);
    await expect(log.read(headOf(first), 5)).rejects.toThrow('in its order only');
  });
});
