import type { Master } from '../../src/master/master.ts';
import { ApiError } from '../../src/wire/api-error.ts';
import { MasterRefused, type Masters, WorkerUnknown } from '../../src/worker/ports.ts';
import { Worker } from '../../src/worker/worker.ts';
import { askMasters } from './ask-masters.ts';
import { ModelRoles } from './data-path.ts';
import { type EngineWorld, requestLifeMs, requestTimeoutMs } from './engine-world.ts';
import { times } from './master-node.ts';
import { NoAnswer } from './network.ts';
import { SimProcess } from './process.ts';
import type { Site } from './site.ts';
import { endOfToken } from './tokens.ts';

const callMsMax = 10_000;
/** A leader that slept so briefly does not compare its clock with the servers' anew. */
const clocksApartMsMax = 250;

/** One worker's place in a datacenter: an address, and the process that listens there now, if one does. */
export class WorkerNode {
  readonly name: string;
  readonly endpoint: string;
  readonly site: Site;
  process: SimProcess;
  id = '';
  roles: ModelRoles | undefined;
  /** Until when the database takes this worker's writes: the end of its lease, in the server's time (S4). */
  tokenUntilMs = 0;
  #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #starts = 0;

  constructor(site: Site, name: string) {
    this.site = site;
    this.name = name;
    this.endpoint = `https://${name}:8729`;
    this.process = new SimProcess(site.world, name);
    this.process.crash('before its first start');
  }

  start(): void {
    this.#starts += 1;
    this.process = new SimProcess(this.site.world, this.name);
    this.id = `${this.name}.${this.#starts}`;
    this.tokenUntilMs = 0;
    this.#stop = new AbortController();
    this.roles = new ModelRoles(this.#engineWorld(), this.site.data);
    const worker = new Worker({
      registration: { id: this.id, endpoint: this.endpoint },
      masters: this.#masters(this.process),
      roles: this.roles,
      clock: this.process.clock,
      log: this.process.logger,
      random: () => this.site.world.random.next(),
    });
    this.site.world.note(`${this.name} starts`);
    this.#ended = worker.run(new AbortController().signal, this.#stop.signal);
  }

  /** As on SIGTERM. */
  async stop(): Promise<void> {
    const { process } = this;
    this.site.world.note(`${this.name} is stopped`);
    this.#stop.abort(new Error('the worker was told to stop'));
    await this.#ended;
    process.crash('having signed off');
  }

  #masters(process: SimProcess): Masters {
    const { site } = this;
    let preferred = site.world.random.below(site.masters.length);
    const ask = async <T>(
      what: string,
      timeoutMs: number,
      signal: AbortSignal,
      handle: (master: Master, signal: AbortSignal) => Promise<T>,
    ): Promise<T> => {
      const nodes = site.masters.map((_, index) => site.masters[(preferred + index) % site.masters.length] as never);
      try {
        return await askMasters({ network: site.network, from: process, nodes, what, handle, timeoutMs, signal });
      } catch (error) {
        preferred += 1;
        if (!(error instanceof ApiError)) throw error;
        throw error.status === 404 ? new WorkerUnknown(error.message) : new MasterRefused(error.message);
      }
    };
    return {
      configure: async () => {
        throw new Error('the simulation configures workers itself');
      },
      register: async (registration, signal) => {
        const answer = await ask('PUT worker', callMsMax, signal, ({ workers }, gone) =>
          workers.register(registration, gone),
        );
        this.#granted(process, answer.clusterToken);
        return answer;
      },
      instructions: async (workerId, after, waitMs, signal) => {
        const answer = await ask('GET tasks', waitMs * 1.5, signal, ({ instructions }, gone) =>
          instructions.next(workerId, after, waitMs, gone),
        );
        this.#granted(process, answer.clusterToken);
        return answer;
      },
      report: (workerId, report, signal) =>
        ask('PUT report', callMsMax, signal, ({ reports }, gone) => reports.shards(workerId, report, gone)),
      structure: (report, signal) =>
        ask('PUT structure', callMsMax, signal, ({ reports }, gone) => reports.structure(this.id, report, gone)),
      comparisons: (workerId, report, waitMs, signal) =>
        ask('POST comparisons', waitMs * 1.5 + callMsMax, signal, ({ verification }, gone) =>
          verification.comparisons(workerId, report, waitMs, gone),
        ),
      drain: (workerId, signal) =>
        ask('POST drain', callMsMax, signal, ({ workers }, gone) =>
          workers.drain(workerId, { kind: 'secret', name: workerId }, gone),
        ),
      deregister: (workerId, signal) =>
        ask('DELETE worker', callMsMax, signal, ({ workers }, gone) =>
          workers.remove(workerId, { kind: 'secret', name: workerId }, gone),
        ),
    };
  }

  #granted(process: SimProcess, token: string | undefined): void {
    if (process !== this.process || token === undefined) return;
    this.tokenUntilMs = endOfToken(token);
    const { world } = this.site;
    if (this.tokenUntilMs > world.nowMs + times.workerLeaseMs + clocksApartMsMax)
      world.fail(`${this.id} has a token until ${this.tokenUntilMs}, long after its lease`);
  }

  #engineWorld(): EngineWorld {
    const { site, process } = this;
    const { network, database, target } = site;
    const read = <T>(what: string, look: () => T) =>
      network.call({
        from: process,
        to: () => database.process,
        what,
        handle: async () => look(),
        timeoutMs: callMsMax,
        repeatable: true,
      });
    return {
      name: this.id,
      sleep: (ms, signal) => process.clock.sleep(ms, signal),
      position: (shard) => read('read the position', () => target.positionOf(shard)),
      contents: (shard) => read('read the shard', () => target.contentsOf(shard)),
      apply: (batch) => {
        const sent = { ...batch, tokenUntilMs: this.tokenUntilMs, writer: this.id };
        return network.call({
          from: process,
          to: () => database.process,
          what: 'write a batch',
          handle: async () => target.apply(sent),
          timeoutMs: requestTimeoutMs,
          repeatable: false,
          lifeMs: requestLifeMs,
        });
      },
      shape: (shards, drop) => {
        const tokenUntilMs = this.tokenUntilMs;
        return network.call({
          from: process,
          to: () => database.process,
          what: 'bring the structure in line',
          handle: async () => target.shape(shards, drop, tokenUntilMs),
          timeoutMs: requestTimeoutMs,
          repeatable: false,
          lifeMs: requestLifeMs,
        });
      },
      fetch: async (channel, { remote }, signal) => {
        const nodes = remote.endpoints.flatMap((endpoint) => site.listening(endpoint) ?? []);
        const workerId = await askMasters({
          network,
          from: process,
          nodes,
          what: 'GET routes',
          byAnyone: true,
          handle: async (master) => master.members.queueRoutes(site.id).routes[channel]?.workerId,
          timeoutMs: callMsMax,
          signal,
        });
        const sender = nodes[0]?.site.workers.find(({ id }) => id === workerId);
        const fetched = await network.call({
          from: process,
          to: () => sender?.process,
          what: 'fetch',
          handle: async () => (sender?.id === workerId ? sender?.roles?.sending?.serve(channel) : undefined),
          timeoutMs: callMsMax,
          signal,
          repeatable: true,
        });
        if (fetched === undefined) throw new NoAnswer(`worker ${workerId} does not hold ${channel}`);
        return fetched;
      },
    };
  }
}
