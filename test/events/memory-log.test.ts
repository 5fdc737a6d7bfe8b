import { expect, test } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import type { LogStart } from '../../src/events/commit-store.ts';
import { type Commit, LogUnavailable } from '../../src/events/log.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { MemoryCommitStore } from '../../src/events/memory-store.ts';
import { appendAll, describeEventLog, draftOf, type InsertFault, type LogHarness } from './event-log-suite.ts';

/** A memory store whose connection can break around an insert. */
class FaultyStore extends MemoryCommitStore {
  fault: InsertFault = 'lost';
  faults = 0;
  removalFaults = 0;
  meanwhile: () => Promise<void> = async () => {};
  readonly heldBack: Commit[] = [];

  override async insert(commit: Commit): Promise<'inserted' | 'taken' | 'unknown'> {
    if (this.faults === 0) return super.insert(commit);
    this.faults -= 1;
    if (this.fault === 'answer-lost') await super.insert(commit);
    if (this.fault === 'held-back') this.heldBack.push(commit);
    await this.meanwhile();
    return 'unknown';
  }

  override async remove(positions: readonly number[]): Promise<void> {
    if (this.removalFaults > 0) {
      this.removalFaults -= 1;
      throw new LogUnavailable('told to fail');
    }
    await super.remove(positions);
  }

  async releaseHeldBack(): Promise<void> {
    for (const commit of this.heldBack.splice(0)) await super.insert(commit);
  }
}

async function start(): Promise<LogHarness> {
  const store = new FaultyStore();
  return {
    open: (secrets: string | readonly string[] = 'secret') => openMemoryLog(commitHasher(secrets), store),
    failInserts: (fault, times = 1, meanwhile = async () => {}) => {
      Object.assign(store, { fault, faults: times, meanwhile });
    },
    failRemovals: (times) => {
      store.removalFaults = times;
    },
    releaseHeldBack: () => store.releaseHeldBack(),
    contentAt: async (position) => JSON.parse(store.textAt(position) ?? 'null'),
    overwrite: async (position, content) => store.overwrite(position, JSON.stringify(content)),
    erase: (position) => store.remove([position]),
    close: async () => {},
  };
}

describeEventLog('the event log in memory', start);

/** Holds one write of where the log begins on its way. */
class SlowStore extends MemoryCommitStore {
  release: () => void = () => undefined;
  #held: Promise<void> | undefined;

  holdNext(): void {
    this.#held = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  override async setStart(start: LogStart, revision: string | undefined): Promise<boolean> {
    const held = this.#held;
    this.#held = undefined;
    await held;
    return super.setStart(start, revision);
  }
}

test('S10: where the log begins is not moved back by an archiving that comes late', async () => {
  const store = new SlowStore();
  const open = () => openMemoryLog(commitHasher('secret'), store);
  const state = () => ({ ...draftOf('state'), events: [{ id: 's', type: 'LogArchived', v: 1, data: {} }] });
  const log = open();
  await appendAll(log, ['a', 'b']);
  await log.append(await log.head(), state());
  store.holdNext();
  const late = open().archiveBefore(3);
  await log.append(await log.head(), state());
  await open().archiveBefore(4);
  store.release();
  await late;
  expect((await open().read({ position: 0, hash: '' }, 10)).map(({ position }) => position)).toEqual([4]);
});

test('S18: an archived state that the log loses while it is archived takes nothing with it', async () => {
  const store = new SlowStore();
  const open = () => openMemoryLog(commitHasher('secret'), store);
  const state = (name: string) => ({ ...draftOf(name), events: [{ id: name, type: 'LogArchived', v: 1, data: {} }] });
  const positions = async () => (await open().read({ position: 0, hash: '' }, 10)).map(({ position }) => position);
  const log = open();
  await appendAll(log, ['a', 'b']);
  await log.append(await log.head(), state('s'));
  store.holdNext();
  const archiving = log.archiveBefore(3);
  // As when a replica takes over that has the first commit only.
  await store.remove([2, 3]);
  store.release();
  await expect(archiving).rejects.toThrow('position 3: missing: it was there before');
  expect(await positions()).toEqual([1]);
  const other = open();
  await appendAll(other, ['c', 'd', 'e']);
  expect(await positions()).toEqual([1, 2, 3, 4]);
  expect(await open().first()).toBe(1);
  await other.append(await other.head(), state('t'));
  await other.archiveBefore(5);
  expect(await positions()).toEqual([5]);
  expect(await store.count()).toBe(1);
});
