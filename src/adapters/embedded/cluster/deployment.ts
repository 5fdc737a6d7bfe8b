import type { UserAccounts } from '../accounts/user-accounts.ts';
import type { Environment } from '../engine/types.ts';
import type { Accounts } from '../http/accounts.ts';
import type { AuthSettings, DeploymentView } from '../http/contract.ts';
import type { Cluster } from './cluster.ts';
import type { Ids } from './ids.ts';
import { drawUuid } from './names-of-servers.ts';

/** What the servers of one deployment share ({@link DeploymentView}). */
export class Deployment implements DeploymentView {
  readonly mode: 'single' | 'cluster';
  version: string;
  readonly engine: string;
  readonly id: string;
  readonly ids: Ids;
  readonly environment: Environment;
  readonly auth: AuthSettings;
  readonly cluster: Cluster | undefined;
  /** Seconds that `x-arango-queue-time-seconds` tells. */
  queueTimeSeconds = 0;
  #readOnly = false;
  #accounts: UserAccounts | undefined;

  constructor(parts: Pick<Deployment, 'mode' | 'version' | 'engine' | 'ids' | 'environment' | 'auth' | 'cluster'>) {
    this.mode = parts.mode;
    this.ids = parts.ids;
    this.environment = parts.environment;
    this.auth = parts.auth;
    this.cluster = parts.cluster;
    this.version = parts.version;
    this.engine = parts.engine;
    this.id = drawUuid(parts.environment);
  }

  get accounts(): Accounts {
    if (this.#accounts === undefined) throw new Error('the deployment is still starting');
    return this.#accounts;
  }

  /** Reads the users, once there is a collection for them. */
  async openAccounts(accounts: UserAccounts, rootPassword: string): Promise<void> {
    await accounts.start(rootPassword);
    this.#accounts = accounts;
  }

  get readOnly(): boolean {
    return this.#readOnly;
  }

  setReadOnly(value: boolean): void {
    this.#readOnly = value;
    this.cluster?.plan.changed();
  }
}
