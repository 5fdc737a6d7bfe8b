import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { FolderArchive } from '../../src/adapters/event-files/archive.ts';
import { readCommits, readCommitTexts } from '../../src/adapters/event-files/read-commits.ts';
import { canonicalText } from '../../src/events/canonical.ts';
import type { Commit } from '../../src/events/log.ts';
import { StreamLog } from '../../src/events/stream-log.ts';
import type { EventArchive, EventsKeep } from '../../src/master/events-keep.ts';
import { Master } from '../../src/master/master.ts';
import { ControlPlane } from '../../src/projections/control-state.ts';
import { verifyEvents } from '../../src/projections/verify.ts';
import { Datacenter, fastTimes, operator, secret } from './support/datacenter.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const START = { position: 0, hash: '' };
let folder: string;
let datacenter: Datacenter;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'arangosync-archive-'));
  datacenter = await Datacenter.open('AAA');
});

afterEach(async () => {
  await datacenter.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function startMaster(
  keep: EventsKeep,
  archive: EventArchive = new FolderArchive(folder, commitHasher([secret])),
) {
  const master = new Master(await datacenter.ports(), {
    masterId: 'm1',
    endpoint: 'https://m1:8629',
    publicEndpoints: ['https://m1.public:8629'],
    cluster: { endpoints: ['http://db:8529'] },
    times: fastTimes,
    retention: { keep, archive, checkEveryMs: 5 },
  });
  datacenter.masters.push(master);
  master.start();
  await until('it leads', () => master.leads);
  return master;
}

async function command(master: Master, times: number): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    const messageTimeout = (master.position + 10) * 1_000_000_000;
    await master.sync.setMessageTimeout({ messageTimeout }, operator, signal);
  }
}

/** Commands go on while the leader keeps and cuts: where it cuts depends on how many come between two looks. */
async function commandUntil(master: Master, archived: () => Promise<boolean>): Promise<void> {
  await until('the beginning was archived', async () => {
    await command(master, 4);
    return await archived();
  });
}

const files = () =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));

describe('retention of events', () => {
  it('moves what is older than wanted to files that verify, together with what stays', async () => {
    const master = await startMaster({ kind: 'count', commits: 8 });
    const { log } = await datacenter.ports();
    await commandUntil(master, async () => (await log.first()) > 10);
    await master.stop();
    const first = await log.first();
    const kept = await log.read(START, 1_000);
    expect(kept.length).toBeGreaterThanOrEqual(8);
    expect(kept[0]).toMatchObject({ position: first, events: [{ type: 'LogArchived' }] });

    // Each file alone, and all of them with what is left: one unbroken log from its very first commit on.
    for (const file of files()) {
      expect(await verifyEvents(StreamLog.ofTexts(readCommitTexts([file]), commitHasher([secret])))).toMatchObject({
        findings: 0,
      });
    }
    const archived: Commit[] = [];
    for await (const commit of readCommits(files())) archived.push(commit as Commit);
    expect(archived.map(({ position }) => position)).toEqual(archived.map((_, index) => index + 1));
    // A master that stops between its file and the cut leaves in the log what is in the file already.
    const archivedTo = archived.at(-1)?.position ?? 0;
    expect(archivedTo).toBeGreaterThanOrEqual(first - 1);
    const whole = (async function* () {
      yield* [...archived, ...kept.filter(({ position }) => position > archivedTo)];
    })();
    const verified = await verifyEvents(StreamLog.of(whole, commitHasher([secret])));
    expect(verified).toMatchObject({ first: 1, last: kept.at(-1)?.position, findings: 0 });
  });

  it('replaces a file that a master left behind without having cut', async () => {
    const master = await startMaster({ kind: 'count', commits: 1_000 });
    await command(master, 12);
    const { log } = await datacenter.ports();
    const commits = await log.read(START, 1_000);
    const archive = new FolderArchive(folder, commitHasher([secret]));
    const upTo = (last: number) =>
      (async function* () {
        yield* commits.filter(({ position }) => position <= last);
      })();
    await archive.write(1, 4, upTo(4));
    await archive.write(1, 9, upTo(9));
    expect(files().map((file) => basename(file))).toEqual(['events-0000000000000001-0000000000000009.jsonl']);
  });

  it('leads to the same state from what stays as from everything', async () => {
    const master = await startMaster({ kind: 'count', commits: 8 });
    const { log } = await datacenter.ports();
    await commandUntil(master, async () => (await log.first()) > 5);
    await master.stop();
    const everything: Commit[] = [];
    for await (const commit of readCommits(files())) everything.push(commit as Commit);
    const kept = await log.read(START, 1_000);
    const whole = new ControlPlane();
    whole.applyAll([...everything, ...kept]);
    const short = new ControlPlane();
    short.applyAll(kept);
    expect(canonicalText(short.state)).toBe(canonicalText(whole.state));
  });

  it('removes nothing that was not written', async () => {
    const broken: EventArchive = { write: () => Promise.reject(new Error('the disk is full')) };
    const master = await startMaster({ kind: 'count', commits: 4 }, broken);
    await command(master, 30);
    await until('it was tried', () => datacenter.logged.some((line) => line.includes('the disk is full')));
    const { log } = await datacenter.ports();
    expect(await log.first()).toBe(1);
    expect(await log.read(START, 1_000)).toHaveLength(master.position);
  });

  it('goes by age as well', async () => {
    const master = await startMaster({ kind: 'age', ms: 200 });
    const { log } = await datacenter.ports();
    await until('what was young has grown old', async () => {
      await command(master, 1);
      return (await log.first()) > 1;
    });
    const kept = await log.read(START, 1_000);
    expect(kept[0]?.events[0]?.type).toBe('LogArchived');
    expect(files().length).toBeGreaterThan(0);
  });

  it('lets operators know what is no longer there', async () => {
    const master = await startMaster({ kind: 'count', commits: 8 });
    const { log } = await datacenter.ports();
    await commandUntil(master, async () => (await log.first()) > 10);
    await expect(master.events.commit(1, signal)).rejects.toThrow(/no commit 1: the log holds \d+ to \d+/);
    await expect(master.events.replay('all', { position: 2 }, undefined, signal)).rejects.toThrow('was archived');
    const page = await master.events.after(0, { filter: {}, limit: 10 }, 0, signal);
    expect(page.events[0]?.type).toBe('LogArchived');
    const lines: unknown[] = [];
    await master.events.verify(async (line) => void lines.push(line), signal);
    expect(lines.at(-1)).toMatchObject({ line: 'result', findings: 0 });
  });
});
