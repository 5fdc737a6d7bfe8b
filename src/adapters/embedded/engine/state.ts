import type { Features } from '../versions/features.ts';
import type { HybridClock } from './clock.ts';
import type { Database } from './database.ts';
import type { WriteAheadLog } from './log.ts';
import type { Snapshots } from './snapshots.ts';
import type { Environment, IdSource } from './types.ts';

/** What the parts of one server share. */
export interface ServerState {
  readonly role: 'single' | 'dbserver';
  readonly serverId: string;
  /** By the version that the server has now. */
  readonly features: () => Features;
  readonly ids: IdSource;
  readonly environment: Environment;
  readonly clock: HybridClock;
  readonly log: WriteAheadLog;
  readonly snapshots: Snapshots;
  /** By name. */
  readonly databases: Map<string, Database>;
}
