import { client, tlsCa } from '../../../master/support/certificates.ts';
import { until } from '../../../master/support/until.ts';
import { type CallerOptions, type Credentials, callers, HttpsCaller } from './callers.ts';
import { Conformance } from './conformance.ts';
import { HttpsDatacenter } from './https-datacenter.ts';

/** Two datacenters, the target following the source: its database `d` has a collection `c` with one shard. */
export class RunningPair {
  readonly source: HttpsDatacenter;
  readonly target: HttpsDatacenter;
  readonly ports: { readonly source: number; readonly target: number; readonly worker: number };
  readonly #open: HttpsCaller[] = [];
  /** By the documents that masters and workers serve. */
  #described: { readonly master: Conformance; readonly worker: Conformance } | undefined;

  private constructor(source: HttpsDatacenter, target: HttpsDatacenter, ports: RunningPair['ports']) {
    this.source = source;
    this.target = target;
    this.ports = ports;
  }

  static async start(): Promise<RunningPair> {
    const [source, target] = await Promise.all([HttpsDatacenter.open(), HttpsDatacenter.open()]);
    await source.ask('POST', '/_api/database', { name: 'd' });
    await source.ask('POST', '/_db/d/_api/collection', { name: 'c' });
    await source.ask('POST', '/_db/d/_api/document/c', { _key: 'one' });
    const masters = await Promise.all([source.startMaster(), target.startMaster()]);
    const workers = await Promise.all([source.startWorker(), target.startWorker()]);
    const ports = { source: masters[0].port, target: masters[1].port, worker: workers[1].port };
    const pair = new RunningPair(source, target, ports);
    pair.#described = { master: await pair.#describe(ports.target), worker: await pair.#describe(ports.worker) };
    const operator = pair.caller(ports.target, callers['right JWT']);
    await operator.ask('POST', '/_api/sync', pair.configuration());
    await until('it runs', async () => {
      const { shards } = JSON.parse((await operator.ask('GET', '/_api/sync')).text);
      return shards?.length > 0 && shards.every(({ status }: { status: string }) => status === 'running');
    });
    return pair;
  }

  /** Body of `POST /_api/sync`, as clients in Go send it. */
  configuration(): { readonly source: string[]; readonly authentication: object } {
    const { certificate: clientCertificate, key: clientKey } = client;
    return {
      source: [`https://127.0.0.1:${this.ports.source}/`],
      authentication: { clientCertificate, clientKey, clientToken: '', caCertificate: tlsCa.certificate },
    };
  }

  /** One whose every exchange is held against the document of the process that it asks. */
  caller(port: number, credentials: Credentials, options: CallerOptions = {}): HttpsCaller {
    const isWorker = port === this.ports.worker;
    const workerCa = this.target.masters[0]?.master.workerAuthority.certificate;
    const conformance = isWorker ? this.#described?.worker : this.#described?.master;
    const caller = new HttpsCaller(port, credentials, {
      ...options,
      ...(isWorker && workerCa !== undefined ? { ca: workerCa } : {}),
      ...(conformance === undefined ? {} : { conformance }),
    });
    this.#open.push(caller);
    return caller;
  }

  async #describe(port: number): Promise<Conformance> {
    const { text } = await this.caller(port, callers['right JWT']).ask('GET', '/_api/openapi.json');
    return new Conformance(JSON.parse(text));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#open.map((caller) => caller.close()));
    await Promise.all([this.target.stop(), this.source.stop()]);
  }
}
