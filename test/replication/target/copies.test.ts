import { describe, expect, test } from 'vitest';
import {
  copiesFor,
  copiesNote,
  databaseSettings,
  type ReplicationFactorBounds,
} from '../../../src/replication/target/collection-settings.ts';

const cluster = (bounds: ReplicationFactorBounds = {}, dbServers = 4) =>
  ({ kind: 'cluster', dbServers, bounds }) as const;
const of = (replicationFactor: number, writeConcern = 1) => ({ replicationFactor, writeConcern });

describe('how many copies the target keeps', () => {
  test('inside the bounds as many as the source, never more than there are servers', () => {
    const copies = (wanted: number, bounds: ReplicationFactorBounds, servers = 4) =>
      copiesFor('cluster', cluster(bounds, servers), { replicationFactor: wanted }).replicationFactor;
    expect([1, 2, 3, 9].map((wanted) => copies(wanted, {}))).toEqual([1, 2, 3, 4]);
    expect([1, 2, 3, 9].map((wanted) => copies(wanted, { min: 2, max: 3 }))).toEqual([2, 2, 3, 3]);
    expect([1, 9].map((wanted) => copies(wanted, { min: 3 }, 2))).toEqual([2, 2]);
    expect(copies(3, { max: 2 }, 0)).toBe(1);
  });

  test('the write concern is never above them', () => {
    expect(copiesFor('cluster', cluster({ max: 2 }), of(3, 3))).toEqual(of(2, 2));
    expect(copiesFor('cluster', cluster({ min: 3 }), of(1, 1))).toEqual(of(3, 1));
  });

  test('satellites stay satellites, however they are told', () => {
    for (const replicationFactor of ['satellite', 0]) {
      const parameters = { replicationFactor };
      expect(copiesFor('cluster', cluster({ min: 2, max: 3 }), parameters)).toEqual(parameters);
      expect(copiesNote('cluster', cluster({ min: 2, max: 3 }), parameters)).toBeUndefined();
    }
  });

  test('of a single server the target keeps as many as it wants, inside the bounds', () => {
    const made = (bounds: ReplicationFactorBounds, stored = {}) => copiesFor('single', cluster(bounds), {}, stored);
    expect(made({ min: 2 })).toEqual({ replicationFactor: 2 });
    expect(made({ max: 2 })).toEqual({});
    expect(made({ max: 2 }, of(3, 3))).toEqual(of(2, 2));
    expect(made({ min: 2, max: 3 }, of(3))).toEqual({});
    expect(copiesFor('single', { kind: 'cluster', dbServers: 3 }, {}, of(3))).toEqual({});
  });

  test('a single server keeps one, whatever the bounds', () => {
    const single = { kind: 'single', dbServers: 1, bounds: { min: 2 } } as const;
    expect(copiesFor('cluster', single, of(3))).toEqual({});
    expect(copiesNote('cluster', single, of(3))).toBeUndefined();
  });

  test('databases are made inside the bounds as well', () => {
    const database = { name: 'd', id: '1', replicationFactor: 3, writeConcern: 2, collections: [], excluded: [] };
    expect(databaseSettings('cluster', cluster({ max: 1 }), database)).toEqual({ name: 'd', options: of(1, 1) });
    const plain = { name: 'd', id: '1', collections: [], excluded: [] };
    expect(databaseSettings('single', cluster({ min: 2 }), plain)).toEqual({
      name: 'd',
      options: { replicationFactor: 2 },
    });
    expect(databaseSettings('single', cluster(), plain)).toEqual({ name: 'd' });
  });

  test('why they are others is told', () => {
    const note = (wanted: number, bounds: ReplicationFactorBounds, servers = 4) =>
      copiesNote('cluster', cluster(bounds, servers), of(wanted));
    expect(note(3, {}, 2)).toBe('replication factor 2 instead of 3: the target has 2 DB-Servers');
    expect(note(3, { max: 2 })).toBe('replication factor 2 instead of 3: --cluster.max-replication-factor is 2');
    expect(note(1, { min: 2 })).toBe('replication factor 2 instead of 1: --cluster.min-replication-factor is 2');
    expect(note(1, { min: 3 }, 1)).toBe(
      'replication factor 1: the target has 1 DB-Server, fewer than --cluster.min-replication-factor',
    );
    expect(note(1, { min: 3 }, 2)).toContain('the target has 2 DB-Servers, fewer than --cluster.min');
    expect(note(2, { min: 1, max: 3 })).toBeUndefined();
  });
});
