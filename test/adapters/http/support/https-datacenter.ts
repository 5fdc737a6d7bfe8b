import { freePort } from '../../../../src/adapters/embedded/free-ports.ts';
import { type EmbeddedDeployment, startEmbedded } from '../../../../src/adapters/embedded/index.ts';
import { createLogger } from '../../../../src/adapters/logging/logger.ts';
import { type MasterProcess, type MasterProcessOptions, startMaster } from '../../../../src/adapters/master-process.ts';
import { openEngines } from '../../../../src/adapters/worker-engines.ts';
import { startWorker, type WorkerProcess } from '../../../../src/adapters/worker-process.ts';
import { clientCa, keyfile, tlsCa } from '../../../master/support/certificates.ts';
import { steadyLeases } from '../../../master/support/steady-leases.ts';
import { until } from '../../../master/support/until.ts';

export const masterSecret = 'the secret of the masters';
export const monitoringToken = 'watch';
export const passwords = { operator: 'operator’s pass:word', reader: 'reader', stranger: 'stranger' } as const;

const version = { version: '1.2.3', build: 'abc' };
const rootPassword = 'pass';

/** One datacenter over real HTTPS: an embedded ArangoDB with users, masters, and a worker if wanted. */
export class HttpsDatacenter {
  readonly database: EmbeddedDeployment;
  readonly masters: MasterProcess[] = [];
  readonly workers: WorkerProcess[] = [];

  private constructor(database: EmbeddedDeployment) {
    this.database = database;
  }

  /** `operator` may write `_system`, `reader` read it, `stranger` nothing. */
  static async open(): Promise<HttpsDatacenter> {
    const auth = { jwtSecret: 'cluster secret', rootPassword };
    const opened = new HttpsDatacenter(await startEmbedded({ mode: 'single', auth }));
    for (const [user, passwd] of Object.entries(passwords)) await opened.ask('POST', '/_api/user', { user, passwd });
    await opened.ask('PUT', '/_api/user/operator/database/_system', { grant: 'rw' });
    await opened.ask('PUT', '/_api/user/reader/database/_system', { grant: 'ro' });
    await opened.ask('PUT', '/_api/user/reader/database/*', { grant: 'ro' });
    await opened.ask('PUT', '/_api/user/stranger/database/*', { grant: 'none' });
    return opened;
  }

  /** Asks the database as root. */
  async ask(method: string, path: string, body?: object): Promise<unknown> {
    const authorization = `Basic ${Buffer.from(`root:${rootPassword}`).toString('base64')}`;
    const answer = await fetch(`${this.database.endpoints[0]}${path}`, {
      method,
      headers: { authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  async startMaster(overrides: Partial<MasterProcessOptions> = {}): Promise<MasterProcess> {
    const master = await startMaster({
      clusterEndpoints: this.database.endpoints,
      clusterJwtSecret: 'cluster secret',
      host: '127.0.0.1',
      port: 0,
      keyfile,
      clientCa: clientCa.certificate,
      masterSecret,
      masterCa: tlsCa.certificate,
      mqType: 'direct',
      monitoringToken,
      log: createLogger({ level: 'silent', role: 'master' }),
      version,
      times: steadyLeases,
      ...overrides,
    });
    this.masters.push(master);
    if (this.masters.length === 1) await until('it leads', () => master.master.leads);
    return master;
  }

  async startWorker(): Promise<{ readonly port: number; readonly process: WorkerProcess }> {
    const port = await freePort();
    const worker = startWorker({
      masterEndpoints: this.masters.map((master) => `https://127.0.0.1:${master.port}`),
      masterSecret,
      masterCa: tlsCa.certificate,
      endpoint: `https://127.0.0.1:${port}`,
      host: '127.0.0.1',
      port,
      monitoringToken,
      log: createLogger({ level: 'silent', role: 'worker' }),
      version,
      openEngines,
    });
    worker.ended.catch(() => undefined);
    this.workers.push(worker);
    await worker.listening;
    return { port, process: worker };
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop().catch(() => undefined)));
    await Promise.all(this.masters.map((master) => master.stop()));
    await this.database.stop();
  }
}
