import { expect, test } from 'vitest';
import type { ArangoDeployment, ArangoRequest, ArangoServer } from '../../../src/replication/arango.ts';
import { MarkerCursor } from '../../../src/replication/markers.ts';
import { LogPosition } from '../../../src/replication/source/log-position.ts';
import { takeTopology } from '../../../src/replication/source/topology.ts';

test.each([2102, 2110, 2999])(
  '9.3 no. 6: a marker %i, known or not, has the structure read again, and is passed over',
  (type) => {
    const line = (tick: number, more: object) => JSON.stringify({ tick: String(tick), db: 'd', cuid: 'c/s', ...more });
    const lines = [
      line(5, { type: 2300, tid: '0', data: { _key: 'a', _rev: '_kEJrpFq--_' } }),
      line(7, { type, data: { anything: [1] } }),
      line(9, { type: 2300, tid: '0', data: { _key: 'b', _rev: '_kEJrpFq--A' } }),
    ];
    const seen: string[] = [];
    const position = new LogPosition('1');
    const answer = { lastIncluded: '9', lastScanned: '10', lastTick: '10', fromPresent: true };
    position.feed(new MarkerCursor(Buffer.from(`${lines.join('\n')}\n`)), answer, {
      operation: (marker) => void seen.push(`operation ${marker.tick}`),
      complete: () => undefined,
      structure: (marker) => void seen.push(`structure ${marker.tick}`),
    });
    expect(seen).toEqual(['operation 5', 'structure 7', 'operation 9']);
    expect(position.complete).toBe('9');
  },
);

test('9.3 no. 16: a database with replication version 2 is left out with the reason, the others are not', async () => {
  const inventory = (database: string) => ({
    properties: { id: '1', ...(database === 'two' ? { replicationVersion: '2' } : {}) },
    collections: [
      {
        parameters: { id: '7', name: 'c', type: 2, isSystem: false, shards: { s8: ['PRMR-a'] } },
        indexes: [],
      },
    ],
    views: [],
  });
  const answers = ({ path, database = '_system' }: ArangoRequest): unknown =>
    path === '/_api/version'
      ? { version: '3.12.10' }
      : path === '/_api/analyzer'
        ? { result: [] }
        : inventory(database);
  const front = { name: 'front', json: async (request: ArangoRequest) => answers(request) } as unknown as ArangoServer;
  const deployment = {
    ...{ kind: 'cluster', id: 'A', front },
    databases: async () => ['one', 'two'],
    dbServers: async () => [],
  } as unknown as ArangoDeployment;
  const { inventory: taken } = await takeTopology(deployment, () => 0, new AbortController().signal);
  expect(taken.databases.map(({ name, collections, excluded }) => [name, collections.length, excluded])).toEqual([
    ['one', 1, []],
    ['two', 0, [{ name: 'c', reason: expect.stringContaining('replication version 2') }]],
  ]);
});
