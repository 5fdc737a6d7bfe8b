import type { Json } from '../engine/types.ts';
import { parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, type Reply } from '../http/reply.ts';
import { AgencyStore } from './agency-store.ts';
import { agencyEndpoint, clusterOf } from './cluster-of.ts';

/** `/_api/agency/*` of an agent (reference 2.8). The trees of Plan, Current and the like are told as they are now. */
export function registerAgency(router: Router): void {
  const store = new AgencyStore();
  router.exact('/_api/agency/read', { POST: (request) => read(request, store) });
  router.exact('/_api/agency/write', { POST: (request) => write(request, store) });
  router.exact('/_api/agency/transact', { POST: (request) => transact(request, store) });
  router.exact('/_api/agency/config', { GET: (request) => config(request, store) });
}

function read(request: ApiRequest, store: AgencyStore): Reply {
  return json(
    200,
    needArray(parseBody(request)).map((query) => store.read(request, needPaths(query))),
  );
}

function write(request: ApiRequest, store: AgencyStore): Reply {
  const results = needArray(parseBody(request)).map((transaction) => store.write(request, needArray(transaction)));
  return json(results.includes(0) ? 412 : 200, { results });
}

/** An array that begins with an array of paths reads, one that begins with an object writes. */
function transact(request: ApiRequest, store: AgencyStore): Reply {
  const answers = needArray(parseBody(request)).map((transaction) => {
    const parts = needArray(transaction);
    return typeof parts[0] === 'string' ? store.read(request, needPaths(parts)) : store.write(request, parts);
  });
  return json(answers.includes(0) ? 412 : 200, answers);
}

function needArray(value: Json | undefined): readonly Json[] {
  if (!Array.isArray(value) || value.length === 0) throw malformed();
  return value;
}

function needPaths(value: Json): readonly string[] {
  const paths = needArray(value);
  if (!paths.every((path) => typeof path === 'string')) throw malformed();
  return paths as readonly string[];
}

function malformed(): ArangoApiError {
  return new ArangoApiError(20030, 'Agency transaction malformed', 400);
}

function config(request: ApiRequest, store: AgencyStore): Reply {
  const { server } = request;
  const endpoint = agencyEndpoint(server.endpoint);
  const agents = clusterOf(server).agents.map(({ id, endpoint: other }) => [id, agencyEndpoint(other)]);
  const pool = Object.fromEntries(agents);
  return json(200, {
    term: 1,
    leaderId: server.id,
    commitIndex: store.index,
    lastCompactionAt: 0,
    nextCompactionAfter: 500,
    lastAcked: { [server.id]: { lastAckedTime: 0, lastAckedIndex: store.index } },
    configuration: {
      pool,
      active: Object.keys(pool),
      id: server.id,
      'agency size': agents.length,
      'pool size': agents.length,
      endpoint,
      'min ping': 1,
      'max ping': 5,
      version: 2,
      startup: 'origin',
    },
    engine: 'rocksdb',
    version: server.version,
  });
}
