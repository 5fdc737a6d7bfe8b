import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ArangoCommitStore, openArangoLog } from '../../../src/adapters/arangodb/event-log.ts';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import { ChainedLog } from '../../../src/events/chained-log.ts';
import { LogUnavailable } from '../../../src/events/log.ts';
import { verifyLog } from '../../../src/events/verify-log.ts';
import type { ArangoAnswer, ArangoRequest, ArangoServer } from '../../../src/replication/arango.ts';
import { describeEventLog, draftOf, type LogHarness } from '../../events/event-log-suite.ts';
import { useControlDatabase } from '../../support/control-database.ts';
import { FaultyServer } from '../../support/faulty-server.ts';

const EVENTS = '/_api/document/_sync_events';

function isInsert({ method, path }: ArangoRequest): boolean {
  return method === 'POST' && path === EVENTS;
}

/** Several processes of a test share one clock: an append that settles should not wait for real. */
const noWait = () => sleep(0).then(() => {});

function openLog(server: ArangoServer, masterSecret: string | readonly string[] = 'secret'): ChainedLog {
  return new ChainedLog({ store: new ArangoCommitStore(server), hasher: commitHasher(masterSecret), sleep: noWait });
}

function harnessOver(server: ArangoServer): LogHarness {
  const faulty = new FaultyServer(server);
  const pathOf = (position: number) => `${EVENTS}/${String(position).padStart(16, '0')}`;
  return {
    open: (masterSecret) => openLog(faulty, masterSecret),
    failInserts: (kind, times = 1, meanwhile = async () => {}) =>
      faulty.setFaults({ kind, times, meanwhile, matches: isInsert }),
    failRemovals: (times) =>
      faulty.setFaults({ kind: 'lost', times, matches: ({ method, path }) => method === 'DELETE' && path === EVENTS }),
    releaseHeldBack: () => faulty.releaseHeldBack(),
    contentAt: async (position) => {
      const { _id, _key, _rev, ...content } = await server.json<Record<string, unknown>>({
        method: 'GET',
        path: pathOf(position),
      });
      return content;
    },
    overwrite: async (position, body) => void (await server.json({ method: 'PUT', path: pathOf(position), body })),
    erase: async (position) => void (await server.json({ method: 'DELETE', path: pathOf(position) })),
    close: async () => {},
  };
}

describe.each(['single', 'cluster'] as const)('in a %s deployment', (mode) => {
  const databases = useControlDatabase(mode);
  describeEventLog('the event log in ArangoDB', async () => harnessOver((await databases.open()).server));

  describe('S11: connections that are cut', () => {
    const start = { position: 0, hash: '' };
    const cutInserts = { method: 'POST', path: /_sync_events/, count: 1 };

    it.each([
      ['before the server did anything', { when: 'before', action: { kind: 'cut' } }],
      ['after the commit was written', { when: 'after', action: { kind: 'cut' } }],
      ['while the commit lands later', { action: { kind: 'cut-then-land', ms: 20 } }],
    ] as const)('%s leave one commit', async (_, fault) => {
      const { server, deployment } = await databases.open();
      const cut = deployment.control.addFault({ ...cutInserts, ...fault });
      const log = openArangoLog(server, commitHasher(['secret']));
      expect((await log.append(start, draftOf('a'))).kind).toBe('appended');
      expect(cut.hits).toBe(1);
      expect((await log.append(await log.head(), draftOf('b'))).kind).toBe('appended');
      expect((await log.read(start, 10)).map(({ cause }) => cause)).toEqual(['a', 'b']);
      expect((await verifyLog(log)).findings).toEqual([]);
    });

    it('while reading are read again', async () => {
      const { server, deployment } = await databases.open();
      const log = openArangoLog(server, commitHasher(['secret']));
      await log.append(start, draftOf('a'));
      const cut = deployment.control.addFault({ method: 'PUT', path: /onlyget/, count: 1, action: { kind: 'cut' } });
      expect(await log.read(start, 10)).toHaveLength(1);
      expect(cut.hits).toBe(1);
    });
  });
});

describe('what the answers of a server mean for an append', () => {
  const start = { position: 0, hash: '' };
  const answerOf = (status: number, errorNum: number): ArangoAnswer => ({
    status,
    headers: {},
    body: Buffer.from(JSON.stringify({ error: true, code: status, errorNum, errorMessage: 'told to' })),
  });
  const databases = useControlDatabase('single');
  const logWith = async (kind: ArangoAnswer, times: number) => {
    const faulty = new FaultyServer((await databases.open()).server);
    faulty.setFaults({ kind, times, matches: isInsert });
    return openLog(faulty);
  };

  it.each([
    [409, 1200],
    [500, 4],
    [503, 1477],
    [408, 408],
  ])('S11: %i/%i leaves the outcome open, so that the commit is sent again', async (status, errorNum) => {
    const log = await logWith(answerOf(status, errorNum), 3);
    expect((await log.append(start, draftOf('a'))).kind).toBe('appended');
    expect(await log.read(start, 10)).toHaveLength(1);
  });

  it('S11: a key that is taken and free again, because its writer was rolled back, is tried again', async () => {
    const log = await logWith(answerOf(409, 1210), 2);
    expect((await log.append(start, draftOf('a'))).kind).toBe('appended');
  });

  it.each([
    [401, 11],
    [403, 1004],
    [404, 1203],
  ])('%i/%i is a failure at once, with what the server said', async (status, errorNum) => {
    const log = await logWith(answerOf(status, errorNum), 1);
    await expect(log.append(start, draftOf('a'))).rejects.toThrow(LogUnavailable);
    expect(await log.read(start, 10)).toHaveLength(0);
  });

  it('does not count a commit as appended that the server did not sync to its disk', async () => {
    const log = await logWith(answerOf(202, 0), 1);
    await expect(log.append(start, draftOf('a'))).rejects.toThrow('without syncing');
  });
});
