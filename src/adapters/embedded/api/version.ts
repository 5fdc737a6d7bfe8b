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
  const { version: number } = request.server.deployment;
  const withDetails = request.query.flag('details', false);
  return json(200, {
    server: 'arango',
    license: 'enterprise',
    version: number,
    ...(withDetails ? { details: versionDetails(request.server) } : {}),
    apiVersions: ['v0'],
    deprecatedApiVersions: [],
    requestedApiVersion: 'v0',
  });
}

function engine(request: ApiRequest): Reply {
  const indexes = [
    'primary',
    'edge',
    'hash',
    'skiplist',
    'ttl',
    'persistent',
    'geo',
    'fulltext',
    'mdi',
    'mdi-prefixed',
    'inverted',
  ];
  const aliases = { indexes: { hash: 'persistent', skiplist: 'persistent', zkd: 'mdi' } };
  const stores = request.server.storageIfAny !== undefined;
  return json(200, { name: 'rocksdb', supports: { indexes, aliases }, ...(stores ? { endianness: 'big' } : {}) });
}
