import type { ServerNode } from './cluster/server-node.ts';
import type { DeploymentView } from './http/contract.ts';

const kinds: Readonly<Record<ServerNode['role'], string>> = {
  single: 'single server',
  coordinator: 'coordinator',
  dbserver: 'DB-Server',
  agent: 'agent',
};

/** What a deployment is and where it listens, in a few lines for a terminal; no secrets. */
export function describeDeployment(deployment: DeploymentView, nodes: readonly ServerNode[]): string {
  const what = deployment.mode === 'single' ? 'single server' : 'cluster';
  const login = deployment.auth.enabled ? 'on' : 'off';
  const lines = [
    `Embedded stand-in for ArangoDB ${deployment.version} (${what}), authentication ${login}.`,
    'It keeps everything in memory, has no AQL, and is made for demos and tests. For data you need, run ArangoDB.',
    ...nodes.map((node) => `  ${kinds[node.role].padEnd(13)} ${node.id.padEnd(41)} ${node.endpoint}`),
  ];
  return lines.join('\n');
}
