import { describe, expect, it } from 'vitest';
import type { Commit } from '../../src/events/log.ts';
import { initialControlState, project, STATE_SCHEMA } from '../../src/projections/control-state.ts';
import { diffJson } from '../../src/projections/diff.ts';
import { type EventFilter, eventsOf } from '../../src/projections/event-filter.ts';
import { plainJson } from '../../src/projections/plain.ts';
import { upcastState } from '../../src/projections/state-upcasters.ts';

const shard = { database: 'd', collection: 'c/x', shardIndex: 1 };
const commit: Commit = {
  v: 2,
  position: 3,
  term: 1,
  writer: 'm1',
  at: '2024-05-06T07:08:09Z',
  cause: 'report',
  actor: { kind: 'secret', name: 'w2' },
  prev: '',
  hash: '',
  events: [
    { id: '1', type: 'TasksAssigned', v: 1, data: { assignments: [{ taskId: 'a', workerId: 'w1', counter: 1 }] } },
    { id: '2', type: 'TasksRemoved', v: 1, data: { taskIds: ['b', 'c'], reason: '' } },
    { id: '3', type: 'ShardStatesChanged', v: 1, data: { changes: [{ shard, status: 'running' }] } },
    { id: '4', type: 'FutureThing', v: 9, data: { of: { workerId: 'w1' } } },
  ],
};

describe('a filter of events', () => {
  const found = (filter: EventFilter) =>
    eventsOf(commit, filter)
      .map(({ id }) => id)
      .join('');

  it.each<[EventFilter, string]>([
    [{}, '1234'],
    [{ types: new Set(['TasksRemoved', 'FutureThing']) }, '24'],
    [{ task: 'a' }, '1'],
    [{ task: 'c' }, '2'],
    [{ shard: 'd/c%2Fx/1' }, '3'],
    [{ shard: 'd/c%2Fx/2' }, ''],
    [{ worker: 'w1' }, '14'],
    [{ worker: 'w2' }, '1234'],
    [{ worker: 'w3' }, ''],
    [{ worker: 'w1', task: 'a' }, '1'],
    [{ sinceMs: Date.parse('2024-05-06T07:08:09Z') }, '1234'],
    [{ sinceMs: Date.parse('2024-05-06T07:08:10Z') }, ''],
    [{ untilMs: Date.parse('2024-05-06T07:08:08Z') }, ''],
  ])('%o finds %s', (filter, ids) => {
    expect(found(filter)).toBe(ids);
  });
});

describe('a difference of states', () => {
  it('is told as deep as it goes, by JSON pointers', () => {
    const before = { a: { 'x/y~': 1, gone: [1] }, list: [1, 2, { z: 1 }], same: null };
    const after = { a: { 'x/y~': 2 }, list: [1, 3, { z: 1 }, 4], same: null, added: { b: 1 } };
    expect(diffJson(before, after)).toEqual([
      { op: 'replace', path: '/a/x~1y~0', before: 1, after: 2 },
      { op: 'remove', path: '/a/gone', before: [1] },
      { op: 'replace', path: '/list/1', before: 2, after: 3 },
      { op: 'add', path: '/list/3', after: 4 },
      { op: 'add', path: '/added', after: { b: 1 } },
    ]);
  });

  it('tells another kind of value as a whole', () => {
    expect(diffJson({ a: [] }, { a: {} })).toEqual([{ op: 'replace', path: '/a', before: [], after: {} }]);
    expect(diffJson({ a: null }, { a: {} })).toEqual([{ op: 'replace', path: '/a', before: null, after: {} }]);
    expect(diffJson([1], [1])).toEqual([]);
  });
});

describe('a state as people see it', () => {
  it('has objects for maps, in the order of their keys', () => {
    const state = {
      b: new Map([
        ['y', new Map([[1, 'one']])],
        ['x', null],
      ]),
      a: undefined,
    };
    expect(JSON.stringify(plainJson(state))).toBe('{"b":{"x":null,"y":{"1":"one"}}}');
  });
});

describe('an archived state of an older schema', () => {
  const old = {
    ...{ leadership: { term: 4, leader: null }, notUnderstood: [] },
    workers: { byId: new Map([['w', { workerId: 'w' }]]), highestServerId: 3 },
    ...{ synchronization: { phase: 'active' }, outgoing: new Map([['t', {}]]) },
    audit: [
      {
        ...{ position: 7, at: 'then', term: 4, writer: 'm1', cause: 'reset-shards by user root' },
        events: ['CommandRefused'],
        refused: [{ command: 'reset-shards', caller: 'user root', status: 412, code: 'c', reason: 'r' }],
      },
    ],
  };

  it('is brought into today’s shape, so that a master can lead from it', () => {
    const event = { id: 'e', type: 'LogArchived', v: 1, data: { schema: 1, state: old } };
    const state = project(initialControlState, { ...commit, events: [event] });
    expect(state.notUnderstood).toEqual([]);
    expect(state.leadership.term).toBe(4);
    expect(state.outgoing.get('t')).toEqual({ barrier: null, pause: null });
    expect(state.synchronization).toMatchObject({ paused: null, barrierEpoch: null, numberOffset: 0 });
    expect(state.endedEpochs.size).toBe(0);
    expect(state.suspects).toEqual(new Map());
    expect(state.settings).toMatchObject({ excludeRootUser: false });
    expect(state.serverMode).toEqual({
      wishedReadOnly: false,
      wishedFor: null,
      held: true,
      heldFor: null,
      holdBroken: null,
    });
    expect(state.workers.byId.get('w')?.leaving).toBe(false);
    expect(state.keys).toEqual(initialControlState.keys);
    expect(state.audit[0]).toMatchObject({
      actor: { kind: 'user', name: 'root' },
      refused: [{ command: 'reset-shards', status: 412, code: 'c', reason: 'r' }],
    });
  });

  it('of a newer schema is not understood', () => {
    expect(upcastState('{}', STATE_SCHEMA + 1)).toBeUndefined();
    expect(upcastState('{}', 0)).toBeUndefined();
  });
});
