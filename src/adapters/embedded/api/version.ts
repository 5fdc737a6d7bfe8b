import type { ApiRequest, Router } from '../http/contract.ts';
import { json, type Reply } from '../http/reply.ts';
import { versionDetails } from './version-details.ts';

/** `/_api/version`, `/_admin/version`, `/_api/engine` (reference 2.1, 2.3). Up to 3.12 version takes every method. */
export function registerVersion(router: Router): void {
  const every = { GET: version, POST: version, PUT: version, PATCH: version, DELETE: version };
  router.exact('/_api/version', every);
  router.exact('/_admin/version', every);
  router.exact('/_api/engine', { GET: engine });
}

function version(request: ApiRequest): Reply {
  const { version: number, features } = request.server;
  const withDetails = request.query.flag('details', false);
  return json(200, {
    server: 'arango',
    license: 'enterprise',
    version: number,
    ...(withDetails ? { details: versionDetails(request.server) } : {}),
    ...(features.apiVersions ? { apiVersions: ['v0'], deprecatedApiVersions: [], requestedApiVersion: 'v0' } : {}),
  });
}

function engine(request: ApiRequest): Reply {
  const { features, deployment, storageIfAny } = request.server;
  const indexes = [
    ...['primary', 'edge', 'hash', 'skiplist', 'ttl', 'persistent', 'geo', 'fulltext'],
    ...(features.mdiIndex ? ['mdi', 'mdi-prefixed'] : ['zkd']),
    ...(features.invertedIndex ? ['inverted'] : []),
  ];
  const alias = { hash: 'persistent', skiplist: 'persistent', ...(features.mdiIndex ? { zkd: 'mdi' } : {}) };
  const supports = { ...(features.dfdbInEngine ? { dfdb: false } : {}), indexes, aliases: { indexes: alias } };
  const tellsOrder = features.endiannessInEngine && storageIfAny !== undefined;
  return json(200, { name: deployment.engine, supports, ...(tellsOrder ? { endianness: 'big' } : {}) });
}
