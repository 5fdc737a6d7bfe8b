import type { EmbeddedOptions } from '../../../src/adapters/embedded/index.ts';
import type { ArangoServer } from '../../../src/replication/arango.ts';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import type { TargetLimits } from '../../../src/replication/target/environment.ts';
import type { ComparisonResult } from '../../../src/wire/comparisons.ts';
import type { WorkerInstructions, WorkerTask } from '../../../src/wire/worker.ts';
import { INVENTORY_CHANNEL, TestSource, until } from '../source/harness.ts';
import { type TestEngine, TestTarget, testEngine } from '../target/harness.ts';

const TARGET_ID = 'target-deployment';
const ENDS: readonly ComparisonResult['state'][] = ['equal', 'different', 'untold'];

/** Both engines over two embedded deployments, joined by a link in memory: the target's structure follows the source's. */
export class FollowingStructure {
  readonly source: TestSource;
  readonly target: TestTarget;
  /** Of every engine that followed, the one of now last. */
  readonly engines: TestEngine[] = [];
  #checks = 0;

  private constructor(source: TestSource, target: TestTarget) {
    this.source = source;
    this.target = target;
  }

  static async start(
    source: EmbeddedOptions,
    target: EmbeddedOptions = source,
    limits: Partial<SourceLimits> = {},
  ): Promise<FollowingStructure> {
    const started = await TestSource.start(source, limits);
    await started.addTask(INVENTORY_CHANNEL);
    return new FollowingStructure(started, await TestTarget.start(target));
  }

  async stop(): Promise<void> {
    await this.engines.at(-1)?.engine.stop();
    await this.target.stop();
    await this.source.stop();
  }

  get now(): TestEngine {
    const engine = this.engines.at(-1);
    if (engine === undefined) throw new Error('nobody follows');
    return engine;
  }

  /** A target worker begins to follow; the one before is stopped, or killed by the caller. */
  async follow(
    incoming: Partial<NonNullable<WorkerInstructions['incoming']>> = {},
    limits: Partial<TargetLimits> = {},
  ): Promise<TestEngine> {
    await this.engines.at(-1)?.engine.stop();
    const routes = async () => new Map([[INVENTORY_CHANNEL, 'worker']]);
    const connect = async () => {
      const { sender, receiver } = memoryLink({ targetId: TARGET_ID });
      void this.source.engine.serve(sender);
      return receiver;
    };
    this.engines.push(testEngine(this.target.deployment, { connect, routes }, limits));
    await this.instruct(incoming);
    return this.now;
  }

  async instruct(incoming: Partial<NonNullable<WorkerInstructions['incoming']>> = {}): Promise<void> {
    const peerId = this.source.deployment.id;
    const channels = { data: INVENTORY_CHANNEL };
    const task: WorkerTask = { id: 'inventory', type: 'receive-inventory', channels, peerId };
    const remote = { endpoints: [], caCertificate: '', token: '' };
    const whole = { epoch: 'epoch-1', sourceDeployment: peerId, remote, confirmedDrops: [], ...incoming };
    await this.now.engine.setInstructions({ incoming: whole, tasks: [task] });
  }

  /** What a check of structure and users finds, at its end. */
  async check(
    how: { readonly repair?: boolean } = {},
  ): Promise<Pick<ComparisonResult, 'state' | 'structure' | 'reason'>> {
    this.#checks += 1;
    const id = `check-${this.#checks}`;
    const { engine } = this.now;
    engine.setComparisons([{ id, taskId: 'inventory', deep: false, repair: false, ...how }]);
    const found = await until('the end of a check', () =>
      engine.comparisons().find((result) => result.id === id && ENDS.includes(result.state)),
    );
    engine.setComparisons([]);
    const { id: _id, taskId: _task, ...told } = found;
    return told;
  }

  /** Everything that was logged and reported, as text. */
  get said(): string {
    return JSON.stringify([this.source.log, this.engines.map(({ log, structures }) => ({ log, structures }))]);
  }
}

/** One side's users, as its superuser works with them. */
export class Users {
  readonly #front: ArangoServer;

  constructor({ deployment }: TestSource | TestTarget) {
    this.#front = deployment.front;
  }

  make(user: string, passwd: string, more: object = {}): Promise<unknown> {
    return this.#front.json({ method: 'POST', path: '/_api/user', body: { user, passwd, ...more } });
  }

  change(user: string, body: object): Promise<unknown> {
    return this.#front.json({ method: 'PATCH', path: pathOf(user), body });
  }

  drop(user: string): Promise<unknown> {
    return this.#front.json({ method: 'DELETE', path: pathOf(user) });
  }

  grant(user: string, to: string, grant: 'rw' | 'ro' | 'none'): Promise<unknown> {
    return this.#front.json({ method: 'PUT', path: `${pathOf(user)}/database/${encoded(to)}`, body: { grant } });
  }

  revoke(user: string, from: string): Promise<unknown> {
    return this.#front.json({ method: 'DELETE', path: `${pathOf(user)}/database/${encoded(from)}` });
  }

  async config(user: string, key: string, value: unknown): Promise<void> {
    const path = `${pathOf(user)}/config/${key}`;
    const { status } = await this.#front.request({ method: 'PUT', path, body: { value } });
    if (status !== 200) throw new Error(`the configuration of ${user} was refused with ${status}`);
  }

  /** What was set for a user and its databases; undefined when there is no such user. */
  async grants(
    user: string,
  ): Promise<Readonly<Record<string, { permission: string; collections?: object }>> | undefined> {
    const request = { method: 'GET', path: `${pathOf(user)}/database`, query: { full: true } } as const;
    const { status, body } = await this.#front.request(request);
    return status === 200 ? JSON.parse(body.toString('utf8')).result : undefined;
  }

  async names(): Promise<string[]> {
    const { result } = await this.#front.json<{ result: { user: string }[] }>({ method: 'GET', path: '/_api/user' });
    return result.map(({ user }) => user).sort();
  }

  async read(user: string): Promise<unknown> {
    const { status, body } = await this.#front.request({ method: 'GET', path: pathOf(user) });
    return status === 200 ? JSON.parse(body.toString('utf8')) : undefined;
  }

  async canLogIn(username: string, password: string): Promise<boolean> {
    const body = { username, password };
    return (await this.#front.request({ method: 'POST', path: '/_open/auth', body })).status === 200;
  }
}

function pathOf(user: string): string {
  return `/_api/user/${encodeURIComponent(user)}`;
}

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
