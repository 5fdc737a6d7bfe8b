import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { canonicalText } from '../../src/events/canonical.ts';
import { headOf, sealCommit, vouchText } from '../../src/events/chain.ts';
import type { ChainedLog } from '../../src/events/chained-log.ts';
import { followLog } from '../../src/events/follow-log.ts';
import { type Commit, type CommitDraft, type Head, LogArchivedPast, LogUnavailable } from '../../src/events/log.ts';
import { verifyLog } from '../../src/events/verify-log.ts';

/** How the next inserts go wrong: nothing arrives, the answer is lost, or the request is held back to land later. */
export type InsertFault = 'lost' | 'answer-lost' | 'held-back';

/** One log, several processes at it, and hands in the database: what an adapter's test provides. */
export interface LogHarness {
  /** The log as another process sees it; `masterSecret` for one with another secret. */
  open(masterSecrets?: string | readonly string[]): ChainedLog;
  /** Makes the next inserts of every process fail; `meanwhile` runs before the writer hears of it. */
  failInserts(fault: InsertFault, times?: number, meanwhile?: () => Promise<void>): void;
  /** Lets the requests that were held back arrive. */
  releaseHeldBack(): Promise<void>;
  /** The stored content at a position, without the database's own attributes. */
  contentAt(position: number): Promise<Record<string, unknown>>;
  overwrite(position: number, content: Record<string, unknown>): Promise<void>;
  erase(position: number): Promise<void>;
  /** Makes the next removals of archived commits fail. */
  failRemovals(times: number): void;
  close(): Promise<void>;
}

const START: Head = { position: 0, hash: '' };
let drawn = 0;

export function draftOf(cause: string, data: unknown = {}): CommitDraft {
  drawn += 1;
  const event = { id: `event-${drawn}`, type: 'Tested', v: 1, data };
  return { term: 1, writer: 'master-1', at: '2024-05-06T07:08:09.123Z', cause, events: [event] };
}

export async function appendAll(log: ChainedLog, causes: readonly string[]): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  for (const cause of causes) {
    const outcome = await log.append(await log.head(), draftOf(cause));
    if (outcome.kind === 'conflict') throw new Error(`${cause} met a conflict`);
    commits.push(outcome.commit);
  }
  return commits;
}

async function causesIn(log: ChainedLog, after: Head = START): Promise<readonly string[]> {
  return (await log.read(after, 10_000)).map(({ cause }) => cause);
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}

function idOf(secret: string): string {
  return commitHasher(secret).hash('').split('.')[0] ?? '';
}

function sealUnder(secret: string, expected: Head, draft: CommitDraft): Commit {
  const { prev: _, hash: __, ...unsealed } = sealCommit({ ...expected, hash: '' }, draft, commitHasher(secret));
  const whole = { ...unsealed, prev: expected.hash };
  return { ...whole, hash: commitHasher(secret).hash(canonicalText(whole)) };
}

function rotation(to: string, vouched: string): CommitDraft {
  const draft = draftOf('rotation', { sealId: idOf(to), previous: 'before', vouched });
  return { ...draft, events: draft.events.map((event) => ({ ...event, type: 'MasterSecretRotated' })) };
}

/** As the leader does it, who has both secrets. */
async function rotate(log: ChainedLog, from: string, to: string): Promise<void> {
  const head = await log.head();
  const outcome = await log.append(head, rotation(to, commitHasher(from).hash(vouchText(head.hash, idOf(to)))));
  expect(outcome.kind).toBe('appended');
}

/** What every adapter of the event log must do. */
export function describeEventLog(name: string, start: () => Promise<LogHarness>): void {
  describe(name, () => {
    let harness: LogHarness;
    let log: ChainedLog;
    beforeEach(async () => {
      harness = await start();
      log = harness.open();
    });
    afterEach(() => harness.close());

    /** Somebody with rights in the database puts a commit of their own in the place of one. */
    const forge = async (position: number, secret: string, make: (first: Commit, second: Commit) => Commit) => {
      const [first, second] = await harness.open(['new', 'old', 'secret', secret]).read(START, 2);
      if (first === undefined || second === undefined) throw new Error('two commits are needed to forge one');
      await harness.overwrite(position, { ...make(first, second) });
    };

    describe('appending and reading', () => {
      it('is empty at first: its head is position 0 and there is nothing to read', async () => {
        expect(await log.head()).toEqual(START);
        expect(await log.read(START, 10)).toEqual([]);
      });

      it('numbers commits without gaps from 1, each naming the hash of the one before', async () => {
        const commits = await appendAll(log, ['a', 'b', 'c']);
        expect(commits.map(({ position }) => position)).toEqual([1, 2, 3]);
        expect(commits.map(({ prev }) => prev)).toEqual(['', at(commits, 0).hash, at(commits, 1).hash]);
        expect(await log.head()).toEqual(headOf(at(commits, 2)));
      });

      it('gives every reader exactly the commit that its writer got', async () => {
        const commits = await appendAll(log, ['a', 'b', 'c']);
        expect(await harness.open().read(START, 10)).toEqual(commits);
      });

      it('keeps every JSON value as it is, and texts that no database takes in a form that it takes', async () => {
        const extremes = [
          0,
          -1,
          1.5,
          1e21,
          5e-324,
          1.7976931348623157e308,
          2 ** 53,
          2 ** 53 + 2,
          -(2 ** 62),
          2 ** 63,
          0.1,
        ];
        const data = {
          extremes,
          texts: ['', '“ü” \u0000 \u2028 🂡 \\ "', 'a/b c%'],
          nested: [{ '': null, $: [true, [[]]] }],
        };
        await log.append(START, draftOf('values', data));
        await log.append(await log.head(), draftOf('half a pair', { text: '\ud800 and \udfff' }));
        const [first, second] = await harness.open().read(START, 10);
        expect(first?.events[0]?.data).toEqual(data);
        expect(second?.events[0]?.data).toEqual({ text: '\ufffd and \ufffd' });
      });

      it('reads behind a position, at most as many as asked, in order', async () => {
        const commits = await appendAll(
          log,
          Array.from({ length: 30 }, (_, index) => `c${index + 1}`),
        );
        const reader = harness.open();
        expect(await causesIn(reader, headOf(at(commits, 27)))).toEqual(['c29', 'c30']);
        expect((await reader.read(headOf(at(commits, 4)), 20)).map(({ position }) => position)).toEqual(
          Array.from({ length: 20 }, (_, index) => index + 6),
        );
        expect(await reader.read(headOf(at(commits, 29)), 5)).toEqual([]);
      });

      it('refuses a commit without events', async () => {
        await expect(log.append(START, { ...draftOf('nothing'), events: [] })).rejects.toThrow('without events');
        expect(await log.head()).toEqual(START);
      });

      it('keeps events of types that nobody knows', async () => {
        await log.append(START, draftOf('unknown', { any: 'thing' }));
        const [commit] = await harness.open().read(START, 1);
        expect(commit?.events).toMatchObject([{ type: 'Tested', data: { any: 'thing' } }]);
      });
    });

    describe('several writers', () => {
      it('lets the first of two writers win, and tells the other where the log stands', async () => {
        const other = harness.open();
        const first = await log.append(START, draftOf('first'));
        const second = await other.append(START, draftOf('second'));
        expect(first.kind).toBe('appended');
        expect(second).toEqual({ kind: 'conflict', head: await log.head() });
        expect(await causesIn(log)).toEqual(['first']);
      });

      it('loses nothing and doubles nothing when 8 writers append at once', async () => {
        const write = async (writer: number) => {
          const own = harness.open();
          let head = START;
          for (let turn = 0; turn < 10; ) {
            const outcome = await own.append(head, draftOf(`${writer}.${turn}`));
            if (outcome.kind === 'appended') {
              head = headOf(outcome.commit);
              turn += 1;
            } else {
              const last = (await own.read(head, 10_000)).at(-1);
              head = last === undefined ? head : headOf(last);
            }
          }
        };
        await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
        const causes = await causesIn(log);
        const wanted = Array.from({ length: 8 }, (_, writer) =>
          Array.from({ length: 10 }, (_, turn) => `${writer}.${turn}`),
        );
        expect([...causes].sort()).toEqual(wanted.flat().sort());
        for (const turns of wanted) expect(causes.filter((cause) => turns.includes(cause))).toEqual(turns);
        expect((await verifyLog(log)).findings).toEqual([]);
      });
    });

    describe('following', () => {
      it('yields what was there and what comes, each once and in order, until it is told to stop', async () => {
        await appendAll(log, ['a', 'b']);
        const stop = new AbortController();
        const writer = harness.open();
        const causes: string[] = [];
        const waiting = ['c', 'd', 'e'];
        const sleep = async () => {
          const next = waiting.shift();
          if (next === undefined) stop.abort();
          else await appendAll(writer, [next]);
        };
        for await (const { cause } of followLog(log, START, { signal: stop.signal, intervalMs: 1, sleep }))
          causes.push(cause);
        expect(causes).toEqual(['a', 'b', 'c', 'd', 'e']);
      });

      it('begins behind the given head', async () => {
        const commits = await appendAll(log, ['a', 'b', 'c']);
        const stop = new AbortController();
        const causes: string[] = [];
        const sleep = async () => stop.abort();
        const options = { signal: stop.signal, intervalMs: 1, sleep };
        for await (const { cause } of followLog(log, headOf(at(commits, 0)), options)) causes.push(cause);
        expect(causes).toEqual(['b', 'c']);
      });
    });

    describe('S11: an append whose outcome is unknown', () => {
      it('appends once when the request never arrived', async () => {
        harness.failInserts('lost');
        expect((await log.append(START, draftOf('a'))).kind).toBe('appended');
        expect(await causesIn(harness.open())).toEqual(['a']);
      });

      it('appends once when it was written and only the answer was lost', async () => {
        harness.failInserts('answer-lost');
        expect((await log.append(START, draftOf('a'))).kind).toBe('appended');
        expect(await causesIn(harness.open())).toEqual(['a']);
      });

      it('appends once when the request lands after its repetition', async () => {
        harness.failInserts('held-back');
        expect((await log.append(START, draftOf('a'))).kind).toBe('appended');
        await harness.releaseHeldBack();
        await appendAll(log, ['b']);
        expect(await causesIn(harness.open())).toEqual(['a', 'b']);
        expect((await verifyLog(log)).findings).toEqual([]);
      });

      it('never reports a conflict with its own commit, even when others have gone on behind it', async () => {
        const other = harness.open();
        harness.failInserts('answer-lost', 1, async () => void (await appendAll(other, ['theirs'])));
        expect(await log.append(START, draftOf('ours'))).toMatchObject({ kind: 'appended', commit: { position: 1 } });
        expect(await causesIn(log)).toEqual(['ours', 'theirs']);
      });

      it('reports a conflict when another one was first while it did not know', async () => {
        const other = harness.open();
        harness.failInserts('lost', 1, async () => void (await appendAll(other, ['theirs'])));
        expect(await log.append(START, draftOf('ours'))).toMatchObject({ kind: 'conflict', head: { position: 1 } });
        expect(await causesIn(log)).toEqual(['theirs']);
      });

      it('gives up in the end, and whoever reads on before deciding again is right whether it landed or not', async () => {
        harness.failInserts('held-back', 100);
        await expect(log.append(START, draftOf('late'))).rejects.toThrow(LogUnavailable);
        expect(await causesIn(log)).toEqual([]);
        harness.failInserts('lost', 0);
        await harness.releaseHeldBack();
        expect(await causesIn(log)).toEqual(['late']);
        expect((await log.append(START, draftOf('again'))).kind).toBe('conflict');
      });
    });

    describe('S10: a hole left by archiving', () => {
      const archived = async (): Promise<readonly Commit[]> => {
        const before = await appendAll(log, ['a', 'b', 'c', 'd', 'e']);
        const state = {
          ...draftOf('state'),
          events: [{ id: 'state', type: 'LogArchived', v: 1, data: { schema: 1, state: {} } }],
        };
        await log.append(await log.head(), state);
        const after = await appendAll(log, ['g', 'h']);
        await harness.open().archiveBefore(6);
        return [...before, ...(await log.read(headOf(at(before, 4)), 1)), ...after];
      };

      it('refuses a writer from the past although its position is free, and nobody sees what it wrote', async () => {
        const frozen = harness.open();
        await frozen.read(START, 10);
        const commits = await archived();
        await expect(frozen.append(headOf(at(commits, 2)), draftOf('from the past'))).rejects.toThrow(LogArchivedPast);
        await expect(frozen.append(START, draftOf('from the beginning'))).rejects.toThrow(LogArchivedPast);
        expect(await causesIn(harness.open())).toEqual(['state', 'g', 'h']);
        expect((await verifyLog(harness.open())).findings).toEqual([]);
      });

      it('begins to read at the state that archiving kept', async () => {
        const commits = await archived();
        const reader = harness.open();
        expect(await causesIn(reader)).toEqual(['state', 'g', 'h']);
        expect(await reader.head()).toEqual(headOf(at(commits, 7)));
        await appendAll(reader, ['i']);
        expect(await causesIn(log, headOf(at(commits, 7)))).toEqual(['i']);
      });

      it('tells a reader from the past to begin anew, and lets one go on that stood right before the state', async () => {
        const commits = await archived();
        await expect(harness.open().read(headOf(at(commits, 2)), 10)).rejects.toThrow(LogArchivedPast);
        expect(await causesIn(harness.open(), headOf(at(commits, 4)))).toEqual(['state', 'g', 'h']);
      });

      it('finds its own head again when what it knew was archived', async () => {
        const follower = harness.open();
        await appendAll(log, ['a', 'b']);
        await follower.head();
        await log.append(await log.head(), {
          ...draftOf('state'),
          events: [{ id: 's', type: 'LogArchived', v: 1, data: {} }],
        });
        await log.archiveBefore(3);
        expect(await follower.head()).toEqual(await log.head());
      });

      it('removes with the next call what a call that broke off left behind', async () => {
        harness.failRemovals(1);
        await expect(archived()).rejects.toThrow(LogUnavailable);
        expect(await causesIn(harness.open())).toEqual(['state', 'g', 'h']);
        expect(await log.count()).toBe(8);
        await harness.open().archiveBefore(6);
        expect(await log.count()).toBe(3);
        expect((await verifyLog(harness.open())).findings).toEqual([]);
      });

      it('archives only where a state is kept', async () => {
        await appendAll(log, ['a', 'b']);
        await expect(log.archiveBefore(2)).rejects.toThrow('holds no state');
        expect(await causesIn(log)).toEqual(['a', 'b']);
      });
    });

    describe('a log that is not what was written', () => {
      it('finds a changed byte, in whatever attribute of a commit', async () => {
        await appendAll(log, ['a', 'b', 'c']);
        const content = await harness.contentAt(2);
        const changes: readonly Record<string, unknown>[] = [
          { cause: 'B' },
          { term: 2 },
          { writer: 'master-2' },
          { at: '2024-05-06T07:08:09.124Z' },
          { events: [{ id: 'x', type: 'Tested', v: 1, data: {} }] },
          { events: [{ ...(content.events as object[])[0], data: { forged: true } }] },
          { hash: `${String(content.hash).slice(0, -1)}_` },
        ];
        for (const change of changes) {
          await harness.overwrite(2, { ...content, ...change });
          const report = await verifyLog(harness.open());
          expect(report.findings, JSON.stringify(change)).toMatchObject([{ position: 2, problem: 'changed' }]);
          expect(report.head.position).toBe(1);
          await expect(harness.open().read(START, 10)).rejects.toThrow('position 2: changed');
        }
      });

      it('finds what is no commit', async () => {
        await appendAll(log, ['a', 'b']);
        await harness.overwrite(2, { cause: 'b' });
        expect((await verifyLog(log)).findings).toMatchObject([{ position: 2, problem: 'malformed' }]);
      });

      it('finds commits that changed places', async () => {
        await appendAll(log, ['a', 'b', 'c']);
        const [second, third] = [await harness.contentAt(2), await harness.contentAt(3)];
        await harness.overwrite(2, third);
        await harness.overwrite(3, second);
        expect((await verifyLog(log)).findings).toMatchObject([{ position: 2, problem: 'swapped' }]);
        await harness.overwrite(2, second);
        await harness.overwrite(3, third);
        expect((await verifyLog(log)).findings).toEqual([]);
      });

      it('finds a whole commit of another history', async () => {
        await harness.open().append(START, draftOf('another beginning'));
        const other = await harness.contentAt(1);
        await harness.erase(1);
        await appendAll(log, ['a', 'b']);
        await harness.overwrite(1, other);
        const report = await verifyLog(harness.open());
        expect(report).toMatchObject({ commits: 1, findings: [{ position: 2, problem: 'swapped' }] });
      });

      it('S22: finds a commit that was made without the masters’ secret', async () => {
        await appendAll(log, ['a', 'b']);
        await forge(2, 'another secret', (first) => sealUnder('another secret', headOf(first), draftOf('forged')));
        await expect(log.read(START, 10)).rejects.toThrow('position 2: other-key');
      });

      it('S22: finds a first commit that was made without the masters’ secret', async () => {
        await appendAll(log, ['a', 'b']);
        await forge(1, 'another secret', () => sealUnder('another secret', START, draftOf('forged')));
        await expect(harness.open().read(START, 1)).rejects.toThrow('position 1: other-key');
      });

      it('S22: writes nothing without the secret that the log is written under', async () => {
        await appendAll(log, ['a']);
        const other = harness.open('another secret');
        await expect(other.append(await log.head(), draftOf('b'))).rejects.toThrow('is not known here');
        expect(await causesIn(log)).toEqual(['a']);
      });

      it('keeps its key whichever its writers prefer, until a rotation', async () => {
        await appendAll(harness.open('old'), ['a']);
        const both = harness.open(['new', 'old']);
        await appendAll(both, ['b']);
        expect(await causesIn(harness.open('old'))).toEqual(['a', 'b']);
        await rotate(both, 'old', 'new');
        await appendAll(both, ['c']);
        expect(await causesIn(harness.open(['old', 'new']))).toEqual(['a', 'b', 'rotation', 'c']);
        await expect(harness.open('old').read(START, 10)).rejects.toThrow('position 3: other-key');
      });

      it('S22: finds a commit under a key that was given up', async () => {
        const both = harness.open(['new', 'old']);
        await appendAll(harness.open('old'), ['a']);
        await rotate(both, 'old', 'new');
        await appendAll(both, ['b']);
        await forge(3, 'old', (_first, second) => sealUnder('old', headOf(second), draftOf('forged')));
        await expect(both.read(START, 10)).rejects.toThrow('position 3: other-key');
      });

      it('S22: finds a rotation that only one of the two keys vouches for', async () => {
        const both = harness.open(['new', 'old']);
        await appendAll(harness.open('old'), ['a']);
        await rotate(both, 'old', 'new');
        await appendAll(both, ['b']);
        const back = (second: Commit) => rotation('old', commitHasher('old').hash(vouchText(second.hash, idOf('old'))));
        await forge(3, 'old', (_first, second) => sealUnder('old', headOf(second), back(second)));
        await expect(both.read(START, 10)).rejects.toThrow('position 3: other-key');
      });

      it('does not take a log whose beginning is gone for an empty one', async () => {
        await appendAll(log, ['a', 'b']);
        await harness.erase(1);
        const fresh = harness.open();
        await expect(fresh.head()).rejects.toThrow('position 1: missing');
        await expect(fresh.append(START, draftOf('begins anew'))).rejects.toThrow('position 1: missing');
        expect((await verifyLog(fresh)).findings).toMatchObject([{ position: 1, problem: 'missing' }]);
      });

      it('does not take an archived log whose state is gone for an empty one', async () => {
        const state = { ...draftOf('state'), events: [{ id: 's', type: 'LogArchived', v: 1, data: {} }] };
        await appendAll(log, ['a']);
        await log.append(await log.head(), state);
        await log.archiveBefore(2);
        await harness.erase(2);
        await expect(harness.open().head()).rejects.toThrow('position 2: missing');
      });

      it('stops at the first missing position, and counts what lies behind it', async () => {
        await appendAll(log, ['a', 'b', 'c', 'd']);
        await harness.erase(3);
        expect(await causesIn(harness.open())).toEqual(['a', 'b']);
        expect((await verifyLog(harness.open())).findings).toMatchObject([{ position: 3, problem: 'outside' }]);
      });

      it('does not append behind a commit that is gone', async () => {
        const commits = await appendAll(log, ['a', 'b']);
        await harness.erase(2);
        const expected = headOf(at(commits, 1));
        await expect(harness.open().append(expected, draftOf('c'))).rejects.toThrow('position 2: missing');
      });

      it('does not append behind a commit that is another one now', async () => {
        const commits = await appendAll(log, ['a', 'b']);
        await harness.erase(2);
        await appendAll(harness.open(), ['other b']);
        const expected = headOf(at(commits, 1));
        await expect(harness.open().append(expected, draftOf('c'))).rejects.toThrow('position 2: swapped');
      });

      it('S18: notices another commit in the place of the one where it stands, though nothing follows', async () => {
        const commits = await appendAll(log, ['a', 'b']);
        const head = headOf(at(commits, 1));
        expect(await log.read(head, 10)).toEqual([]);
        await harness.erase(2);
        await appendAll(harness.open(), ['instead']);
        await expect(log.read(head, 10)).rejects.toThrow('position 2: swapped');
      });

      it('S18: a reader that remembers a head which the log lacks reports it', async () => {
        const commits = await appendAll(log, ['a', 'b', 'c']);
        await harness.erase(3);
        await expect(log.read(headOf(at(commits, 2)), 10)).rejects.toThrow('the log went back');
        await expect(log.head()).rejects.toThrow('the log went back');
        await appendAll(harness.open(), ['other c']);
        await expect(harness.open().read(headOf(at(commits, 2)), 10)).rejects.toThrow('position 3: swapped');
      });

      it('S22: a cut tail shows by a head that someone else remembers', async () => {
        const commits = await appendAll(log, ['a', 'b', 'c']);
        await harness.erase(3);
        const fresh = harness.open();
        expect((await verifyLog(fresh)).findings).toEqual([]);
        const report = await verifyLog(fresh, [headOf(at(commits, 0)), headOf(at(commits, 2))]);
        expect(report.findings).toMatchObject([{ position: 3, problem: 'missing' }]);
      });
    });

    it('ends a wait of a follower at once when it is stopped while it sleeps', async () => {
      const stop = new AbortController();
      const sleep = (_: number, signal: AbortSignal) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          stop.abort();
        });
      const taken: Commit[] = [];
      for await (const commit of followLog(log, START, { signal: stop.signal, intervalMs: 1, sleep }))
        taken.push(commit);
      expect(taken).toEqual([]);
    });
  });
}
