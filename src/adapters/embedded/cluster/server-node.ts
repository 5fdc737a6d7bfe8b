import type { Faults } from '../control/faults.ts';
import type { StorageServer } from '../engine/types.ts';
import type { AsyncJobs, DeploymentView, ServerProcess, ServerRole } from '../http/contract.ts';
import { Door } from '../http/door.ts';
import { ArangoApiError } from '../http/errors.ts';
import { Listener } from '../http/listener.ts';
import type { LoginReader } from '../http/login.ts';
import { PathRouter } from '../http/router.ts';
import { type Features, features } from '../versions/features.ts';
import type { Front } from './front.ts';
import { registerHandlers } from './handlers.ts';
import { interceptReplication } from './intercept.ts';

export interface ServerNodeOptions {
  readonly role: ServerRole;
  readonly id: string;
  readonly shortName: string;
  readonly deployment: DeploymentView;
  /** What it does otherwise than its version says. */
  readonly answers: Partial<Features>;
  readonly front: (node: ServerNode) => Front;
  readonly storage: StorageServer | undefined;
  readonly logins: LoginReader;
  readonly faults: Faults;
  readonly host: string;
  readonly port: number;
  readonly keyfile: string | undefined;
  readonly queueTimeSeconds: () => number;
  readonly onBug: (error: unknown, request: string) => void;
}

/** One server of the deployment: what it is, its port, and whether it runs, is frozen, or is stopped. */
export class ServerNode implements ServerProcess {
  readonly role: ServerRole;
  readonly id: string;
  readonly shortName: string;
  readonly deployment: DeploymentView;
  version: string;
  features: Features;
  readonly front: Front;
  readonly storageIfAny: StorageServer | undefined;
  jobs: AsyncJobs | undefined;
  startedAt: number;
  /** Rises with every start (`Current/ServersKnown`). A DB-Server's engine counts by itself. */
  #rebootId = 1;
  /** Largest `x-arango-hlc` received; a coordinator passes it on with its own calls (7.5). */
  hlc: string | undefined;
  /** Set: clocks that come with requests are not adopted. */
  ignoresClocks = false;

  /** The mode it goes on with while the news of another one is held back. */
  #heldMode: boolean | undefined;
  readonly #options: ServerNodeOptions;
  #listener: Listener;
  #thaw: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(options: ServerNodeOptions) {
    this.#options = options;
    this.role = options.role;
    this.id = options.id;
    this.shortName = options.shortName;
    this.deployment = options.deployment;
    this.version = options.deployment.version;
    this.features = features(this.version, options.answers);
    this.storageIfAny = options.storage;
    this.startedAt = options.deployment.environment.now();
    this.front = options.front(this);
    this.#listener = this.#makeListener(options.port);
  }

  get storage(): StorageServer {
    if (this.storageIfAny === undefined) throw new ArangoApiError(1470);
    return this.storageIfAny;
  }

  get endpoint(): string {
    const { keyfile, host } = this.#options;
    return `${keyfile === undefined ? 'http' : 'https'}://${host}:${this.#listener.port}`;
  }

  get readOnly(): boolean {
    return this.#heldMode ?? this.deployment.readOnly;
  }

  get rebootId(): number {
    return this.storageIfAny?.rebootId ?? this.#rebootId;
  }

  get running(): boolean {
    return this.#listener.listening;
  }

  get frozen(): boolean {
    return this.#thaw !== undefined;
  }

  /** Whether other servers get an answer from it. */
  get up(): boolean {
    return this.running && !this.frozen;
  }

  /** Opens the port; after a {@link stop} the same one, with its data but without what was only in memory. */
  async start(): Promise<void> {
    if (this.running) return;
    await this.#listener.listen();
  }

  /** Cuts all connections and closes the port. */
  async stop(): Promise<void> {
    await this.#listener.close();
    this.thaw();
  }

  /** What a restart loses: jobs, the received clock. The engine's own losses are its {@link StorageServer.restart}. */
  async forget(): Promise<void> {
    const { port } = this.#listener;
    await this.stop();
    this.jobs = undefined;
    this.hlc = undefined;
    this.#rebootId++;
    this.startedAt = this.deployment.environment.now();
    this.#listener = this.#makeListener(port);
  }

  /** Another version of the program with the same data: takes effect with a restart, which is not done here. */
  install(version: string): void {
    this.version = version;
    this.features = features(version, this.#options.answers);
    if (this.storageIfAny !== undefined) this.storageIfAny.features = this.features;
  }

  /** Changes of the server mode do not reach it until {@link releaseMode}: mode spreads server by server (2.2). */
  holdMode(): void {
    this.#heldMode = this.readOnly;
  }

  releaseMode(): void {
    this.#heldMode = undefined;
  }

  /** Cuts all connections, and goes on. */
  cut(): void {
    this.#listener.cut();
  }

  /** From now on connections and requests are taken, and nothing is answered until {@link thaw}. */
  freeze(): void {
    if (this.#thaw !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#thaw = { promise, resolve };
  }

  thaw(): void {
    const thaw = this.#thaw;
    this.#thaw = undefined;
    thaw?.resolve();
  }

  #makeListener(port: number): Listener {
    const { logins, faults, host, keyfile, queueTimeSeconds, onBug } = this.#options;
    const router = new PathRouter(this);
    registerHandlers(router);
    const door = new Door({
      server: this,
      router,
      logins,
      adoptClock: (revision) => this.#adoptClock(revision),
      queueTimeSeconds,
      onBug,
      ...(this.role === 'coordinator' ? { intercept: interceptReplication } : {}),
    });
    const thawed = () => this.#thaw?.promise;
    const { features: ofVersion } = this;
    return new Listener({
      ...{ serverId: this.id, host, port, keyfile, door, faults, thawed, queueTimeSeconds },
      features: ofVersion,
    });
  }

  #adoptClock(revision: string): void {
    if (this.ignoresClocks || !this.features.adoptsClocks) return;
    if (this.storageIfAny === undefined) this.hlc = revision;
    else this.storageIfAny.adoptClock(revision);
  }
}
