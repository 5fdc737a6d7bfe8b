import { Nothing } from '../../../../wire/answers.ts';
import { WorkerInfo, WorkerList } from '../../../../wire/cluster-members.ts';
import { ComparisonReport, Comparisons } from '../../../../wire/comparisons.ts';
import {
  ConfigureWorker,
  NewMasterSecret,
  StructureReport,
  WorkerConfiguration,
  WorkerInstructions,
  WorkerRegistered,
  WorkerRegistration,
  WorkerReport,
} from '../../../../wire/worker.ts';
import { named, type Operations } from '../operation.ts';

const nothing = named('Nothing', Nothing);
const unknownWorker = { 404: 'no such worker is registered' };

/** Calls of a datacenter's workers, and the list of them. */
export const workerOperations: Operations = {
  'GET /_api/worker': { id: 'getWorkers', summary: 'All workers', answer: named('WorkerList', WorkerList) },
  'GET /_api/worker/:id': {
    id: 'getWorker',
    summary: 'One worker',
    answer: named('WorkerInfo', WorkerInfo),
    failures: unknownWorker,
  },
  'PUT /_api/worker': {
    id: 'registerWorker',
    summary: 'Registers a worker, or renews it under its id',
    body: named('WorkerRegistration', WorkerRegistration),
    answer: named('WorkerRegistered', WorkerRegistered),
  },
  'POST /_api/worker/configure': {
    id: 'configureWorker',
    summary: 'All that a worker needs beside its flags, with a certificate for its endpoint',
    body: named('ConfigureWorker', ConfigureWorker),
    answer: named('WorkerConfiguration', WorkerConfiguration),
  },
  'DELETE /_api/worker/:id': { id: 'removeWorker', summary: 'Removes a worker', answer: nothing },
  'POST /_api/worker/:id/drain': {
    id: 'drainWorker',
    summary: 'A worker is about to end: its tasks go to others',
    answer: nothing,
    failures: unknownWorker,
  },
  'GET /_api/worker/:id/tasks': {
    id: 'getInstructions',
    summary: 'What a worker is to do, once that differs from what it has',
    query: {
      keys: { description: 'ids of the keys of master secrets that the worker accepts, separated by commas' },
      after: { description: 'version of the instructions that the worker has' },
      wait: { description: 'how long the answer may be held, in nanoseconds' },
    },
    answer: named('WorkerInstructions', WorkerInstructions),
    failures: unknownWorker,
  },
  'PUT /_api/worker/:id/report': {
    id: 'reportShards',
    summary: "How a worker's shards fare",
    body: named('WorkerReport', WorkerReport),
    answer: nothing,
    failures: unknownWorker,
  },
  'POST /_api/worker/:id/comparisons': {
    id: 'compareShards',
    summary: 'What comparisons came to, and which shards the worker is to compare, once that differs from what it has',
    query: { wait: { description: 'how long the answer may be held, in nanoseconds' } },
    body: named('ComparisonReport', ComparisonReport),
    answer: named('Comparisons', Comparisons),
    failures: unknownWorker,
  },
  'PUT /_api/sync/structure': {
    id: 'reportStructure',
    summary: 'What the worker with the inventory found and did',
    body: named('StructureReport', StructureReport),
    answer: nothing,
    failures: { 412: 'the worker does not have the inventory task, or the synchronization is another' },
  },
};

/** What a worker is told by its masters. */
export const workerOwnOperations: Operations = {
  'PUT /_api/worker/configure': {
    id: 'setMasterSecret',
    summary: 'Gives the worker a new master secret; the one before is accepted for a while',
    body: named('NewMasterSecret', NewMasterSecret),
    answer: nothing,
  },
};
