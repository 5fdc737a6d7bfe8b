import { hostname } from 'node:os';
import type { ApiRequest } from '../http/contract.ts';
import { json, type Reply } from '../http/reply.ts';
import { clusterOf } from './cluster-of.ts';
import { ROLE_NAMES } from './version-details.ts';

/** `/_admin/status` (reference 2.4). */
export function status(request: ApiRequest): Reply {
  const { server } = request;
  return json(200, {
    server: 'arango',
    version: server.version,
    pid: process.pid,
    license: 'enterprise',
    mode: 'server',
    operationMode: 'server',
    foxxApi: true,
    host: 'localhost',
    hostname: hostname(),
    serverInfo: serverInfo(request),
    ...clusterParts(request),
  });
}

function serverInfo({ server }: ApiRequest): object {
  const own = {
    progress: { phase: 'in wait', feature: '', recoveryTick: 0 },
    maintenance: false,
    role: ROLE_NAMES[server.role],
    writeOpsEnabled: !server.readOnly,
    readOnly: server.readOnly,
  };
  if (server.deployment.mode === 'single') return own;
  return {
    ...own,
    persistedId: server.id,
    rebootId: clusterOf(server).node(server.id)?.rebootId ?? 1,
    address: server.endpoint.replace(/^https?/, (scheme) => (scheme === 'https' ? 'ssl' : 'tcp')),
    serverId: server.id,
    state: 'SERVING',
  };
}

function clusterParts({ server }: ApiRequest): object {
  if (server.deployment.mode === 'single') return {};
  const cluster = clusterOf(server);
  const foxxmaster = cluster.coordinators[0]?.id ?? '';
  const endpoints = cluster.agents.map(({ endpoint }) => endpoint.replace(/^http/, 'tcp').replace(/^tcps/, 'ssl'));
  if (server.role === 'agent') {
    return { agent: { term: 1, id: server.id, endpoint: endpoints[0] ?? '', leading: true, leaderId: server.id } };
  }
  const coordinator = { foxxmaster, isFoxxmaster: foxxmaster === server.id };
  return { ...(server.role === 'coordinator' ? { coordinator } : {}), agency: { agencyComm: { endpoints } } };
}
