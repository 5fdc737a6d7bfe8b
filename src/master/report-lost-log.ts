import type { Head } from '../events/log.ts';
import { loadControlPlane } from '../projections/load.ts';
import { ControlLog, type ControlLogOptions } from './control-log.ts';
import type { MasterPorts } from './ports.ts';

/**
 * Says in the log that there is that it lacks what this master knew of (S18): perhaps that checkpoints mean nothing any more.
 * A master that finds out stops, and the one that starts next would go on as if nothing had been decided. Whoever knows may
 * say so, leader or not: it only ends a synchronization that cannot be trusted. True when it stands there.
 */
export async function reportLostLog(
  ports: MasterPorts,
  options: Omit<ControlLogOptions, 'plane'>,
  { position }: Head,
  signal: AbortSignal,
): Promise<boolean> {
  const plane = await loadControlPlane(ports.log, ports.snapshots, signal);
  const control = new ControlLog({ ...options, plane });
  const reason =
    `this datacenter's event log lost commits, master ${options.masterId} had read it to position ${position}: what was ` +
    'decided then is lost, perhaps that checkpoints mean nothing any more; configure the synchronization again';
  const command = { kind: 'fail-sync', code: 'own-log-lost', reason } as const;
  const authority = () => control.state.leadership.term;
  await control.submit({ command, cause: 'a log that lost commits', authority }, signal);
  return control.state.synchronization.failure?.code === 'own-log-lost';
}
