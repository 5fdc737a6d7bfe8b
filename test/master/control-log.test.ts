import { expect, it } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import type { Commit, EventLog, Head } from '../../src/events/log.ts';
import { LogArchivedPast } from '../../src/events/log-errors.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { MemoryCommitStore } from '../../src/events/memory-store.ts';
import { ControlLog } from '../../src/master/control-log.ts';
import { archiveLog } from '../../src/projections/archive.ts';
import { ControlPlane } from '../../src/projections/control-state.ts';

const hasher = commitHasher(['secret']);
let ids = 0;
const newId = () => String(++ids).padStart(26, '0');
const clock = { now: () => new Date(0), monotonicMs: () => 0, sleep: async () => undefined };

function controlLog(log: EventLog): ControlLog {
  const context = { newId, newChannel: newId };
  return new ControlLog({ log, plane: new ControlPlane(), masterId: 'm1', clock, context, newEventId: newId });
}

/** Shows what a reader sees between the parts of a reading. */
class WatchedLog implements EventLog {
  readonly #log: EventLog;
  onRead: () => void = () => undefined;

  constructor(log: EventLog) {
    this.#log = log;
  }

  head(): Promise<Head> {
    return this.#log.head();
  }

  async read(after: Head, limit: number): Promise<readonly Commit[]> {
    this.onRead();
    return await this.#log.read(after, limit);
  }

  append(...args: Parameters<EventLog['append']>) {
    return this.#log.append(...args);
  }
}

it('S10: shows the state of before until all is read again that archiving left', async () => {
  const store = new MemoryCommitStore();
  const writer = controlLog(openMemoryLog(hasher, store));
  const register = async (masterId: string) => {
    const command = {
      kind: 'register-master',
      masterId,
      endpoint: `https://${masterId}`,
      publicEndpoints: [],
    } as const;
    await writer.submit({ command, cause: 'test', authority: () => 0 });
  };
  await register('m1');
  const watched = new WatchedLog(openMemoryLog(hasher, store));
  const follower = controlLog(watched);
  await follower.refresh();
  await register('m2');
  const by = { term: 0, writer: 'm1', at: '2026-01-01T00:00:00Z', cause: 'archive' };
  const plane = new ControlPlane(writer.state, writer.head);
  expect(await archiveLog(openMemoryLog(hasher, store), plane, { writer: by, newEventId: newId })).toBe('archived');

  const seen: number[] = [];
  watched.onRead = () => void seen.push(follower.state.masters.size);
  await follower.refresh();
  expect(seen).not.toContain(0);
  expect([...follower.state.masters.keys()]).toEqual(['m1', 'm2']);
  expect(follower.head.position).toBe(3);
});

it('S10: keeps the state of before when the reading from the beginning ends before it', async () => {
  const store = new MemoryCommitStore();
  const writer = controlLog(openMemoryLog(hasher, store));
  const command = { kind: 'register-master', masterId: 'm1', endpoint: 'https://m1', publicEndpoints: [] } as const;
  await writer.submit({ command, cause: 'test', authority: () => 0 });
  const log = openMemoryLog(hasher, store);
  const watched = new WatchedLog(log);
  const follower = controlLog(watched);
  await follower.refresh();
  // Archived once more while it is read: the first part comes empty.
  watched.read = async (after) => {
    if (after.position > 0) throw new LogArchivedPast(after.position, 9);
    return [];
  };
  await expect(follower.refresh()).rejects.toThrow('read to position 0 only, 1 is known');
  expect([...follower.state.masters.keys()]).toEqual(['m1']);
});

it('S18: reads and appends nothing more once the log lacked what it decided from', async () => {
  const store = new MemoryCommitStore();
  const writer = controlLog(openMemoryLog(hasher, store));
  const register = (masterId: string) =>
    writer.submit({
      command: { kind: 'register-master', masterId, endpoint: `https://${masterId}`, publicEndpoints: [] },
      cause: 'test',
      authority: () => 0,
    });
  await register('m1');
  await register('m2');
  const second = store.textAt(2) ?? '';
  await store.remove([1, 2]);
  await expect(register('m3')).rejects.toThrow('position 2: missing');
  // What it wrote in vain is gone again: those who go on from the log as it is meet nothing of it.
  expect(await store.count()).toBe(0);
  await expect(writer.refresh()).rejects.toThrow('position 2: missing');
  await expect(register('m4')).rejects.toThrow('position 2: missing');
  expect(await store.count()).toBe(0);
  // A replica that has it answers again: what others decided while it was not there is not known.
  store.overwrite(2, second);
  await expect(register('m5')).rejects.toThrow('position 2: missing');
  expect(store.textAt(3)).toBeUndefined();
});
