import { tailLog } from '../engine/tail.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { bytes, DUMP_TYPE, json, type Reply } from '../http/reply.ts';
import { demandEngine, flagHeader, tickText } from './replication-engine.ts';

/** What servers before 3.12.10 tell of their log (reference 5.7). */

export function getServerId(request: ApiRequest): Reply {
  return json(200, { serverId: demandEngine(request).serverId });
}

export function getFirstTick(request: ApiRequest): Reply {
  return json(200, { firstTick: tickText(demandEngine(request).tickRange().min) });
}

/** The log is in one piece here: one file, still written to. */
export function getTickRanges(request: ApiRequest): Reply {
  const { min, max } = demandEngine(request).tickRange();
  return json(200, [{ datafile: '/000001.log', status: 'open', tickMin: tickText(min), tickMax: tickText(max) }]);
}

/** `logger-follow`: the tail of one database in the form of leader and follower. */
export function followLog(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const { query } = request;
  const database = engine.demandDatabase(request.database);
  const answer = tailLog(engine.log, {
    from: query.integer('from', 0),
    to: query.has('to') ? query.integer('to', 0) : undefined,
    lastScanned: 0,
    chunkSize: query.has('chunkSize') ? query.integer('chunkSize', 0) : undefined,
    database,
    collection: undefined,
    includeSystem: query.flag('includeSystem', true),
    includeFoxxQueues: query.flag('includeFoxxQueues', false),
    judgesShardNames: request.server.features.logShowsSystemShards,
  });
  const collections = new Map(database.collections().map((collection) => [collection.globallyUniqueId, collection]));
  const lines = Buffer.concat(answer.body)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => followLine(line, database.id, (cuid) => collections.get(cuid)));
  return bytes(lines.length === 0 ? 204 : 200, DUMP_TYPE, lines, {
    'X-Arango-Replication-Active': 'true',
    'X-Arango-Replication-Checkmore': flagHeader(answer.checkMore),
    'X-Arango-Replication-Frompresent': flagHeader(answer.fromPresent),
    'X-Arango-Replication-Lastincluded': tickText(answer.lastIncluded),
    'X-Arango-Replication-Lastscanned': tickText(answer.lastScanned),
    'X-Arango-Replication-Lasttick': tickText(answer.lastTick),
  });
}

interface Named {
  readonly id: string;
  readonly name: string;
}

interface TailLine {
  readonly tick: string;
  readonly type: number;
  readonly cuid?: string;
  readonly tid?: string;
  readonly data?: unknown;
}

const DROPPED = 2001;

/** `database` and the collection's id and name in place of `db` and `cuid`; the document stays as it is written. */
function followLine(line: string, database: string, collectionOf: (cuid: string) => Named | undefined): Buffer {
  const { tick, type, cuid, tid, data } = JSON.parse(line) as TailLine;
  const named = cuid === undefined ? undefined : collectionOf(cuid);
  const id = cuid?.slice(cuid.indexOf('/') + 1);
  const where = named === undefined ? { cuid, cid: id } : { cid: named.id, cname: named.name };
  const head = { tick, type, database, ...(tid === undefined ? {} : { tid }), ...where };
  // Behind the first `"data":` stands the rest of the line, and nothing before it can hold these letters unescaped.
  const text = data === undefined ? '' : `,"data":${line.slice(line.indexOf('"data":') + '"data":'.length, -1)}`;
  const told = type === DROPPED ? `,"data":${JSON.stringify({ id, name: '' })}` : text;
  return Buffer.from(`${JSON.stringify(head).slice(0, -1)}${told}}\n`);
}

/** Leader and follower replication: its calls exist, and the stand-in does not do it. */
export function refuseApplier(): never {
  throw new ArangoApiError(9, 'the embedded server does not replicate as a follower');
}
