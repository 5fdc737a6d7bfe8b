import type { ServerNode } from '../cluster/server-node.ts';
import type { JsonObject } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { json, type Reply } from '../http/reply.ts';
import { agencyEndpoint, clusterOf } from './cluster-of.ts';

const roles: Readonly<Record<string, string>> = { dbserver: 'DBServer', coordinator: 'Coordinator', agent: 'Agent' };

/** `GET /_admin/cluster/health` (reference 2.6). */
export function health(request: ApiRequest): Reply {
  const cluster = clusterOf(request.server);
  const entries = cluster.nodes().map((node) => [node.id, healthOf(request, node)]);
  const { id } = request.server.deployment;
  return json(200, { ClusterId: id, Health: Object.fromEntries(entries), error: false, code: 200 });
}

/** One server's health, also as `Supervision/Health/{id}` of the agency. */
export function healthOf(request: ApiRequest, node: ServerNode): JsonObject {
  const { deployment } = request.server;
  const status = clusterOf(request.server).server(node.id)?.status ?? 'UNKNOWN';
  const time = new Date(deployment.environment.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const common = {
    Role: roles[node.role] as string,
    ShortName: node.shortName,
    Endpoint: agencyEndpoint(node.endpoint),
    Host: 'localhost',
    Status: status,
    Version: node.version,
    Engine: 'rocksdb',
    CanBeDeleted: status === 'FAILED',
  };
  if (node.role === 'agent') {
    const { ShortName: _none, Host: _host, ...agent } = common;
    return { ...agent, Leader: node.id, Leading: true, LastAckedTime: 0, SyncStatus: 'SERVING' };
  }
  return {
    ...common,
    ...(node.role === 'coordinator' ? { AdvertisedEndpoint: '' } : {}),
    SyncStatus: node.up ? 'SERVING' : 'UNKNOWN',
    LastAckedTime: time,
    Timestamp: time,
    SyncTime: time,
  };
}
