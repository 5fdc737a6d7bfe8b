import { Nothing } from '../../../../wire/answers.ts';
import { SourceEnd } from '../../../../wire/both-ends.ts';
import { ChecksumsRequest, SideChecksums } from '../../../../wire/checksums.ts';
import {
  OutgoingContact,
  OutgoingHeartbeat,
  OutgoingRegistration,
  OutgoingShards,
  WireBarrier,
} from '../../../../wire/outgoing.ts';
import { ListedDatacenter } from '../../../../wire/shard-listing.ts';
import { named, type Operations } from '../operation.ts';

const contact = named('OutgoingContact', OutgoingContact);
const nothing = named('Nothing', Nothing);
const unknownTarget = { 404: 'no such target is registered here' };
const mode = {
  server_mode: { description: 'mode in which the source is left', values: ['default', 'readonly'] },
} as const;

/** Calls of targets' masters at their source, and an operator's way to forget targets. */
export const outgoingOperations: Operations = {
  'POST /_api/sync/outgoing': {
    id: 'registerTarget',
    summary: 'Registers a target, or renews it',
    body: named('OutgoingRegistration', OutgoingRegistration),
    answer: contact,
    failures: { 412: 'the target is the source, or follows it already through others' },
  },
  'POST /_api/sync/outgoing/:id/heartbeat': {
    id: 'renewTarget',
    summary: 'As the registration, but does not register again',
    body: named('OutgoingHeartbeat', OutgoingHeartbeat),
    answer: contact,
    failures: { 412: 'the target is the source, or follows it already through others' },
  },
  'GET /_api/sync/outgoing/:id': {
    id: 'lookAtSource',
    summary: 'Who the source is, for somebody who thinks of following it; changes nothing',
    answer: contact,
  },
  'GET /_api/sync/outgoing/:id/status': {
    id: 'getSourceEnd',
    summary: "How the source's end of a target's synchronization fares",
    query: { details: { description: 'short leaves the shards out; full by default', values: ['full', 'short'] } },
    answer: named('SourceEnd', SourceEnd),
    failures: unknownTarget,
  },
  'PUT /_api/sync/outgoing/:id/barrier': {
    id: 'setTargetBarrier',
    summary: 'Makes the source read-only until the target has caught up; tells how far that is',
    answer: named('WireBarrier', WireBarrier),
    failures: unknownTarget,
  },
  'DELETE /_api/sync/outgoing/:id/barrier': {
    id: 'liftTargetBarrier',
    summary: 'Lifts the barrier; succeeds also when there is none',
    answer: nothing,
  },
  'PUT /_api/sync/outgoing/:id/shards': {
    id: 'setTargetShards',
    summary: 'The whole list of shards that a target receives',
    body: named('OutgoingShards', OutgoingShards),
    answer: nothing,
    failures: unknownTarget,
  },
  'POST /_api/sync/outgoing/:id/checksums': {
    id: 'getSourceChecksums',
    summary: "The source's side of a comparison",
    body: named('ChecksumsRequest', ChecksumsRequest),
    answer: named('SideChecksums', SideChecksums),
    failures: unknownTarget,
  },
  'GET /_api/sync/outgoing/:id/listing': {
    id: 'getSourceListing',
    summary: "The source's databases, collections and shards",
    answer: named('ListedDatacenter', ListedDatacenter),
    failures: unknownTarget,
  },
  'DELETE /_api/sync/outgoing/:id': {
    id: 'forgetTarget',
    summary: 'Forgets a target; succeeds also when it is not known',
    query: {
      ...mode,
      barrier: { description: 'epoch of the barrier behind which the target stops' },
      as_of: { description: "position in the target's log when it asked" },
      epoch: { description: "number of the target's synchronization that ends" },
    },
    answer: nothing,
    failures: { 412: 'the barrier does not hold any more' },
  },
  'DELETE /_api/sync/outgoing': {
    id: 'forgetTargets',
    summary: 'Forgets all targets',
    query: mode,
    answer: nothing,
  },
};
