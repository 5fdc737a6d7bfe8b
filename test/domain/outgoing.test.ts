import { describe, expect, it } from 'vitest';
import { event, registered, shardOn, shardRef } from './examples.ts';
import { given } from './given.ts';

const register = {
  kind: 'register-outgoing',
  targetId: 'deployment-b',
  endpoints: ['https://b1:8629'],
  fingerprint: 'certificate-b',
  inventoryChannel: 'inventory-b',
  ownDeploymentId: 'deployment-a',
  holdsToken: false,
} as const;
const setShards = {
  kind: 'set-outgoing-shards',
  targetId: 'deployment-b',
  fingerprint: 'certificate-b',
  version: '7',
  shards: [shardOn(0), shardOn(1)],
} as const;
const shards = event('OutgoingShardsAdded', {
  targetId: 'deployment-b',
  version: '7',
  shards: [shardOn(0), shardOn(1)],
});

const registeredData = {
  targetId: 'deployment-b',
  endpoints: ['https://b1:8629'],
  fingerprint: 'certificate-b',
  inventoryChannel: 'inventory-b',
};

describe('a target', () => {
  it('registers', () => {
    given().when(register).thenThese(registered);
  });

  it('may register again and again', () => {
    given(registered).when(register).thenNothing();
  });

  it('takes new endpoints by registering again, and keeps its shards', () => {
    const after = given(registered, shards)
      .when({ ...register, endpoints: ['https://b2:8629'] })
      .control();
    expect(after.outgoing.get('deployment-b')).toMatchObject({ endpoints: ['https://b2:8629'], shardsVersion: '7' });
    expect(after.outgoing.get('deployment-b')?.shards.size).toBe(2);
  });

  it('S23: belongs to the certificate that registered it', () => {
    given(registered)
      .when({ ...register, fingerprint: 'other' })
      .thenRefused(403, 'other-certificate');
    given(registered)
      .when({ ...setShards, fingerprint: 'other' })
      .thenRefused(403, 'other-certificate');
    given(registered)
      .when({ kind: 'stop-outgoing', targetId: 'deployment-b', fingerprint: 'other', reason: 'x' })
      .thenRefused(403, 'other-certificate');
  });

  it('changes its certificate when it holds the token that belongs to it', () => {
    const after = given(registered)
      .when({ ...register, fingerprint: 'new', holdsToken: true })
      .control();
    expect(after.outgoing.get('deployment-b')?.fingerprint).toBe('new');
  });

  it('cannot be the source itself', () => {
    given()
      .when({ ...register, targetId: 'deployment-a' })
      .thenRefused(412, 'target-is-source');
  });

  it('S12: is not registered again by a heartbeat that is decided after it stopped', () => {
    given()
      .when({ ...register, onlyRenews: true })
      .thenNothing();
    given(registered)
      .when({ ...register, endpoints: ['https://b9:8629'], onlyRenews: true })
      .thenThese(event('OutgoingRegistered', { ...registeredData, endpoints: ['https://b9:8629'] }));
  });

  it('S12: is not forgotten by a call that it made before it registered, and that lands late', () => {
    const stop = { kind: 'stop-outgoing', targetId: 'deployment-b', reason: 'stopped' } as const;
    const since = given(event('OutgoingRegistered', { ...registeredData, asOf: 20 }));
    since.when({ ...stop, asOf: 19 }).thenNothing();
    since
      .when({ ...stop, asOf: 20 })
      .thenThese(event('OutgoingStopped', { targetId: 'deployment-b', reason: 'stopped' }));
  });

  it('S12: does not take back what it has told since, when an earlier call lands late', () => {
    const since = given(event('OutgoingRegistered', { ...registeredData, asOf: 20 }));
    since.when({ ...register, inventoryChannel: 'inventory-before', asOf: 19 }).thenNothing();
  });

  it('is forgotten when it stops, once; an operator of the source may do that too', () => {
    const stop = {
      kind: 'stop-outgoing',
      targetId: 'deployment-b',
      fingerprint: 'certificate-b',
      reason: 'stopped',
    } as const;
    const stopped = event('OutgoingStopped', { targetId: 'deployment-b', reason: 'stopped' });
    const { control } = given(registered, shards).when(stop).thenThese(stopped);
    expect(control.outgoing.size).toBe(0);
    given(registered, stopped).when(stop).thenNothing();
    given(registered).when({ kind: 'stop-outgoing', targetId: 'deployment-b', reason: 'stopped' }).thenThese(stopped);
  });
});

describe('the shards of a target', () => {
  it('are recorded with the version of the list', () => {
    const { control } = given(registered).when(setShards).thenThese(shards);
    expect(control.outgoing.get('deployment-b')?.shardsVersion).toBe('7');
  });

  it('may be told again and again', () => {
    given(registered, shards).when(setShards).thenNothing();
  });

  it('are brought in line: gone, new, and those on other channels', () => {
    const list = [shardOn(1, 'reset'), shardOn(2)];
    const after = given(registered, shards)
      .when({ ...setShards, version: '9', shards: list })
      .thenThese(
        event('OutgoingShardsRemoved', { targetId: 'deployment-b', shards: [shardRef(0)] }),
        event('OutgoingShardsAdded', { targetId: 'deployment-b', version: '9', shards: list }),
      );
    const target = after.control.outgoing.get('deployment-b');
    expect([...(target?.shards.values() ?? [])].map(({ channels }) => channels.data)).toEqual([
      'data-c1reset',
      'data-c2',
    ]);
  });

  it('have another version also when the list is the same', () => {
    given(registered, shards)
      .when({ ...setShards, version: '8' })
      .thenThese(event('OutgoingShardsAdded', { targetId: 'deployment-b', version: '8', shards: [] }));
  });

  it('are refused for a target that is not registered', () => {
    given().when(setShards).thenRefused(404, 'unknown-target');
  });
});
