import type { EventData, EventType, NewEvent } from '../../src/events/vocabulary.ts';

/** An event by its type and data. */
export function event<T extends EventType>(type: T, data: EventData<T>): NewEvent {
  return { type, data } as NewEvent;
}

export const SOURCE = ['https://a1:8629', 'https://a2:8629'];

export const configured = event('SyncConfigured', {
  epoch: 'epoch1',
  source: SOURCE,
  credentialId: 'credential1',
  fingerprint: 'keys1',
  caFingerprint: 'ca1',
  inventoryChannel: 'inventory1',
});

export const identified = event('SourceIdentified', {
  deploymentId: 'deployment-a',
  version: '3.12.10',
  head: { position: 10, hash: 'head10' },
});

export const cancelRequested = event('SyncCancelRequested', {
  force: false,
  targetServerMode: 'default',
  sourceServerMode: 'default',
});

export function shardRef(index: number, collection = 'c', database = 'd') {
  return { database, collection, shardIndex: index };
}

export function shardOn(index: number, suffix = '', collection = 'c') {
  const name = `${collection}${index}${suffix}`;
  return { shard: shardRef(index, collection), channels: { data: `data-${name}`, control: `control-${name}` } };
}

export const registered = event('OutgoingRegistered', {
  targetId: 'deployment-b',
  endpoints: ['https://b1:8629'],
  fingerprint: 'certificate-b',
  inventoryChannel: 'inventory-b',
});

export function worker(workerId: string, serverId: number, dbServerAffinity?: string) {
  const affinity = dbServerAffinity === undefined ? {} : { dbServerAffinity };
  return event('WorkerRegistered', { workerId, endpoint: `https://${workerId}:8729`, serverId, ...affinity });
}
