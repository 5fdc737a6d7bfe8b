import { asked, collection, type Scenario } from '../scenario.ts';

const stored = { 'x-arango-async': 'store' };
const version = { call: 'PUT /_api/version', headers: stored };
const isDone = (job: string) => ({ call: `GET /_api/job/${job}`, untilStatus: 200, isUnseen: true }) as const;
const products = collection('products');

/** Transactions, jobs, the log: what runs. */
export const runs: readonly Scenario[] = [
  asked(
    'RestTransactionBeginCommit',
    'DELETE /_api/transaction/{2.result.id}',
    products,
    'POST /_api/transaction/begin {"collections":{"read":"products"}}',
  ),
  asked('RestTransactionBeginNonExisting', 'POST /_api/transaction/begin {"collections":{"read":"products"}}'),
  asked('RestTransactionBeginSingle', 'POST /_api/transaction/begin {"collections":{"write":"products"}}', products),
  // The function is never reached: its collection is not there.
  asked(
    'RestTransactionNonExisting',
    'POST /_api/transaction {"collections":{"read":"products"},"action":"function () { return true; }"}',
  ),
  { name: 'job_delete_01', calls: [version, 'DELETE /_api/job/all'] },
  { name: 'job_delete_03', calls: [version, 'DELETE /_api/job/{1.#x-arango-async-id}'] },
  asked('job_delete_04', 'DELETE /_api/job/AreYouThere'),
  asked('job_fetch_result_02', 'PUT /_api/job/notthere'),
  {
    name: 'job_fetch_result_04',
    calls: [
      { call: 'PUT /_api/collection {"name":" this name is invalid "}', headers: stored },
      isDone('{1.#x-arango-async-id}'),
      'PUT /_api/job/{1.#x-arango-async-id}',
    ],
  },
  {
    name: 'job_getByType_01',
    // The server of the capture still had a job from before.
    before: [version],
    calls: [version, isDone('{1.#x-arango-async-id}'), isDone('{2.#x-arango-async-id}'), 'GET /_api/job/done'],
    isUnordered: true,
  },
  {
    name: 'job_getStatusById_01',
    calls: [version, { call: 'GET /_api/job/{1.#x-arango-async-id}', untilStatus: 200 }],
  },
  asked('RestWalAccessFirstTick', 'GET /_api/wal/lastTick'),
  asked('RestWalAccessTickRange', 'GET /_api/wal/range'),
  asked('RestWalAccessTailingEmpty', 'GET /_api/wal/tail?from={1.tick}', 'GET /_api/wal/lastTick'),
  asked(
    'RestWalAccessTailingSome',
    'GET /_api/wal/tail?from={1.tick}',
    'GET /_api/wal/lastTick',
    products,
    'POST /_api/document/products {"_key":"p1","name":"flux compensator"}',
    'POST /_api/document/products {"_key":"p2","name":"hybrid hovercraft","hp":5100}',
    'DELETE /_api/document/products/p1',
    'PATCH /_api/document/products/p2 {"name":"broken hovercraft"}',
    'DELETE /_api/collection/products',
  ),
];
