import { Nothing } from '../../../../wire/answers.ts';
import { BarrierInfo } from '../../../../wire/barrier-info.ts';
import { BothEnds } from '../../../../wire/both-ends.ts';
import { CheckLine, CheckRequest } from '../../../../wire/check.ts';
import { ChecksumOptions, ChecksumsAnswer, ChecksumsRequest, ChecksumTree } from '../../../../wire/checksums.ts';
import { PauseSync } from '../../../../wire/kept-log.ts';
import { ShardListing } from '../../../../wire/shard-listing.ts';
import {
  CancelSync,
  CancelSyncAnswer,
  ConfigureSync,
  ConfirmDrops,
  MessageTimeout,
} from '../../../../wire/sync-commands.ts';
import { SyncInfo } from '../../../../wire/sync-info.ts';
import { SyncPlan } from '../../../../wire/sync-plan.ts';
import { SetThrottle, ThrottleInfo } from '../../../../wire/throttle.ts';
import { named, type Operations } from '../operation.ts';

const nothing = named('Nothing', Nothing);
const shardPath = '/_api/sync/database/:database/collection/:collection/shard/:index';
const notActive = { 412: 'no synchronization is active here' };
const shardFailures = { 404: 'there is no such shard', ...notActive };

/** Commands and questions of operators about synchronizations. */
export const syncOperations: Operations = {
  'GET /_api/sync': {
    id: 'getSync',
    summary: 'How this datacenter fares as a target and as a source',
    query: { details: { description: 'short leaves the shards out; full by default', values: ['full', 'short'] } },
    answer: named('SyncInfo', SyncInfo),
  },
  'GET /_api/sync/both': {
    id: 'getBothEnds',
    summary: 'As getSync, with what the source says of its end of the synchronization',
    query: { details: { description: 'short leaves the shards out; full by default', values: ['full', 'short'] } },
    answer: named('BothEnds', BothEnds),
  },
  'POST /_api/sync': {
    id: 'configureSync',
    summary: 'Makes this datacenter follow a source; the same request again changes nothing',
    body: named('ConfigureSync', ConfigureSync),
    answer: nothing,
    failures: {
      412: 'another source is followed, this deployment cannot be a target, or the selection has to be named or would change',
    },
  },
  'POST /_api/sync/plan': {
    id: 'planSync',
    summary: 'What this datacenter would gain and lose by following a source; nothing is changed',
    body: named('ConfigureSync', ConfigureSync),
    answer: named('SyncPlan', SyncPlan),
    failures: { 412: 'the source cannot be asked' },
  },
  'DELETE /_api/sync': {
    id: 'cancelSync',
    summary: 'Ends the synchronization; answers at once unless wait_timeout is given',
    body: named('CancelSync', CancelSync),
    answer: named('CancelSyncAnswer', CancelSyncAnswer),
    failures: { 408: 'it did not become inactive within wait_timeout', 412: 'it cannot be cancelled so now' },
  },
  'POST /_api/sync/barrier': {
    id: 'setBarrier',
    summary: 'Makes the source read-only so that the target can catch up',
    answer: nothing,
    failures: { 412: 'no synchronization is running' },
  },
  'DELETE /_api/sync/barrier': {
    id: 'removeBarrier',
    summary: 'Removes the barrier; succeeds also when there is none',
    answer: nothing,
  },
  'GET /_api/sync/barrier': {
    id: 'getBarrier',
    summary: 'How far the target is behind a barrier',
    answer: named('BarrierInfo', BarrierInfo),
  },
  'POST /_api/sync/pause': {
    id: 'pauseSync',
    summary: 'Receives nothing more until resumed; asks the source to keep its log meanwhile',
    body: named('PauseSync', PauseSync),
    answer: nothing,
    failures: { 412: 'no synchronization is running, or a barrier holds' },
  },
  'DELETE /_api/sync/pause': {
    id: 'resumeSync',
    summary: 'Goes on receiving; succeeds also when nothing is paused',
    answer: nothing,
    failures: notActive,
  },
  [`PUT ${shardPath}/reset`]: {
    id: 'resetShard',
    summary: 'Begins a shard anew on both sides, with new channels',
    answer: nothing,
    failures: shardFailures,
  },
  'PUT /_api/sync/database/:database/collection/:collection/reset': {
    id: 'resetCollection',
    summary: 'Begins all shards of a collection anew',
    answer: nothing,
    failures: shardFailures,
  },
  [`GET ${shardPath}/checksum`]: {
    id: 'getChecksum',
    summary: 'Checksums of a shard, one per datacenter; it is in sync when they are equal',
    body: named('ChecksumOptions', ChecksumOptions),
    answer: named('ChecksumTree', ChecksumTree),
    failures: shardFailures,
  },
  'POST /_api/sync/checksums': {
    id: 'getChecksums',
    summary: 'Checksums of many shards on both sides',
    body: named('ChecksumsRequest', ChecksumsRequest),
    answer: named('ChecksumsAnswer', ChecksumsAnswer),
    failures: notActive,
  },
  'POST /_api/sync/check': {
    id: 'check',
    summary:
      'Holds shards, structure and users against the source; a JSON object per line: progress, findings, the result',
    body: named('CheckRequest', CheckRequest),
    answer: { lines: named('CheckLine', CheckLine) },
    failures: { 404: 'nothing of that is being synchronized', ...notActive },
  },
  'GET /_api/sync/shards': {
    id: 'getShards',
    summary:
      'Databases, collections and shards of both datacenters, the source first; what is not selected is excluded',
    answer: named('ShardListing', ShardListing),
    failures: notActive,
  },
  'POST /_api/sync/drops/confirm': {
    id: 'confirmDrops',
    summary: 'Lets drops happen that are held; all of them when none is named',
    body: named('ConfirmDrops', ConfirmDrops),
    answer: nothing,
    failures: { 404: 'no drop is held of it' },
  },
  'GET /_api/message-timeout': {
    id: 'getMessageTimeout',
    summary: 'How long a shard may be without a message',
    answer: named('MessageTimeout', MessageTimeout),
  },
  'GET /_api/throttle': {
    id: 'getThrottle',
    summary: 'Limits of the datacenter for reads from the source, links and writes to the target',
    answer: named('ThrottleInfo', ThrottleInfo),
  },
  'PUT /_api/throttle': {
    id: 'setThrottle',
    summary: 'Changes limits; what is left out stays, null takes a limit away',
    body: named('SetThrottle', SetThrottle),
    answer: nothing,
  },
  'PUT /_api/message-timeout': {
    id: 'setMessageTimeout',
    summary: 'Changes how long a shard may be without a message',
    body: named('SetMessageTimeout', MessageTimeout),
    answer: nothing,
  },
};
