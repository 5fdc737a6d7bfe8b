/** Never replicated by the server itself (3.6). */
const EXCLUDED = new Set([
  '_frontend',
  '_configuration',
  '_cluster_kickstarter_plans',
  '_routing',
  '_fishbowl',
  '_foxxlog',
  '_sessions',
]);

/**
 * The server's own rule of what inventory, dump lists and the log leave out (3.6). It sees the name that the server
 * knows: on a DB-Server the shard's, which never has an underscore.
 */
export function isExcluded(name: string, includeSystem: boolean, includeFoxxQueues: boolean): boolean {
  if (!name.startsWith('_')) return false;
  if (!includeSystem) return true;
  if (EXCLUDED.has(name) || name.startsWith('_statistics')) return true;
  return !includeFoxxQueues && (name === '_jobs' || name === '_queues');
}
