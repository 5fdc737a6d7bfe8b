import type { StructureReport } from '../../wire/worker.ts';
import { type ArangoDeployment, ArangoError } from '../arango.ts';
import type { Inventory } from '../inventory.ts';
import { KnownUsers } from '../users/known-users.ts';
import { readUsers, type StoredUsers, type UserDocument } from '../users/user-documents.ts';
import type { Environment } from './environment.ts';
import { planUsers, type UserPlan } from './plan-users.ts';
import { dropUser, putUsers } from './write-users.ts';

/** Names in one report; of the rest it tells how many. */
const NAMED_MAX = 100;
const BACK_OFF_FIRST_MS = 1_000;
const BACK_OFF_MAX_MS = 60_000;
const NOBODY: ReadonlySet<string> = new Set();

export interface UserAlignment {
  readonly changes: readonly string[];
  /** Some user waits for the next complete inventory to go (S1). */
  readonly unfinished: boolean;
}

export interface AlignUsersOptions {
  readonly deployment: ArangoDeployment;
  readonly environment: Environment;
  /** Whether the target keeps its own `root`. */
  readonly excludeRoot: () => boolean;
}

/** The plan of what was compared last: it stays as long as these are the same objects. */
interface Compared {
  readonly source: readonly UserDocument[];
  readonly target: StoredUsers;
  readonly excludeRoot: boolean;
  readonly agreed: ReadonlySet<string>;
  readonly plan: UserPlan;
}

/**
 * Keeps the target's users as the source's are, with grants and hashes of passwords. What was written is read back, since
 * the call that writes users swallows failures. Whatever changes the target's users besides (a login may change its own
 * password, read-only or not; a database that is dropped takes grants along; an old write lands late, S4) is found by the
 * next {@link again} and set right.
 */
export class UserAligner {
  readonly #options: AlignUsersOptions;
  readonly #known: KnownUsers;
  #source: Pick<Inventory, 'users' | 'usersProblem'> = {};
  /** Users that the last complete inventory lacked, of those that the target had. */
  #lacked: ReadonlySet<string> = NOBODY;
  /** Users that this inventory and the one before lacked (S1). */
  #agreed: ReadonlySet<string> = NOBODY;
  /** Of {@link #agreed}, once nothing holds drops back. */
  #droppable: ReadonlySet<string> = NOBODY;
  #isComplete = false;
  #compared: Compared | undefined;
  #failed: readonly string[] = [];
  #failures = 0;
  #notBefore = 0;
  /** One after the other: they read, write and read back. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: AlignUsersOptions) {
    this.#options = options;
    this.#known = new KnownUsers(options.deployment);
  }

  /** What is wrong with users now, as the report of the structure lists it. */
  get problems(): StructureReport['problems'] {
    const { usersProblem } = this.#source;
    const reasons = usersProblem === undefined ? this.#failed : [usersProblem, ...this.#failed];
    return reasons.map((reason) => ({ database: '_system', collection: '_users', reason }));
  }

  /** Somebody is at the target whom no inventory was compared with: only another two can say that he has to go (S1). */
  get needsInventory(): boolean {
    const surplus = this.#compared?.plan.surplus ?? NOBODY;
    return this.#isComplete && [...surplus].some((name) => !this.#lacked.has(name));
  }

  /** Another inventory came: makes and changes users. Nobody goes before {@link drop} is called for it. */
  take(inventory: Inventory, signal: AbortSignal): Promise<UserAlignment> {
    return this.#inTurn(async () => {
      const { users, usersProblem } = inventory;
      this.#source = { ...(users && { users }), ...(usersProblem !== undefined && { usersProblem }) };
      this.#droppable = NOBODY;
      const alignment = await this.#align(signal);
      // Every server has a `root`: a list without anybody is no list of users.
      this.#isComplete = inventory.complete && users !== undefined && users.length > 0;
      const lacked = this.#isComplete ? (this.#compared?.plan.surplus ?? NOBODY) : NOBODY;
      this.#agreed = new Set([...lacked].filter((name) => this.#lacked.has(name)));
      this.#lacked = lacked;
      return alignment;
    });
  }

  /** Lets users go that this inventory and the one before lacked (S1). */
  drop(signal: AbortSignal): Promise<UserAlignment> {
    return this.#inTurn(() => {
      this.#droppable = this.#agreed;
      return this.#align(signal);
    });
  }

  /** Undefined when nothing is new since the last time, or while it is too early to try again. */
  again(signal: AbortSignal): Promise<UserAlignment | undefined> {
    return this.#inTurn(async () => {
      if (this.#options.environment.now() < this.#notBefore) return undefined;
      const before = this.#failed.join('\n');
      const alignment = await this.#align(signal);
      const isNews = alignment.changes.length > 0 || this.#failed.join('\n') !== before;
      return isNews ? alignment : undefined;
    });
  }

  /**
   * What is not as the inventory has it, by a look at all users of now: sentences that name users and attributes, never what
   * these hold. Changes nothing.
   */
  differences({ users }: Pick<Inventory, 'users'>, signal: AbortSignal): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      if (users === undefined) return [];
      const { users: stored } = await readUsers(this.#options.deployment, signal);
      const rules = { excludeRoot: this.#options.excludeRoot(), agreed: NOBODY };
      const { puts, surplus } = planUsers(users, stored, rules);
      const lines = [
        ...puts.map(({ change }) => `not ${change}`),
        ...[...surplus].map((name) => `not dropped user ${name}: the source does not have it`),
      ];
      return shortened(lines, 'more users are not as on the source');
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #align(signal: AbortSignal): Promise<UserAlignment> {
    const { users } = this.#source;
    if (users === undefined) {
      this.#compared = undefined;
      this.#settle([]);
      return { changes: [], unfinished: false };
    }
    try {
      return await this.#makeEqual(users, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Collections and their documents do not wait for the users.
      this.#compared = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#settle([`the target's users cannot be aligned: ${reason}`]);
      return { changes: [], unfinished: true };
    }
  }

  async #makeEqual(users: readonly UserDocument[], signal: AbortSignal): Promise<UserAlignment> {
    const plan = this.#plan(users, await this.#known.read(signal));
    if (plan.puts.length + plan.drops.length === 0) {
      this.#settle([]);
      return { changes: [], unfinished: this.#waits(plan) };
    }
    const failures = await this.#execute(plan, signal);
    const left = this.#plan(users, await this.#known.read(signal));
    const notPut = new Set(left.puts.map(({ name }) => name));
    const notDropped = new Set(left.drops);
    const changes = [
      ...plan.puts.filter(({ name }) => !notPut.has(name)).map(({ change }) => change),
      ...plan.drops
        .filter((name) => !notDropped.has(name))
        .map((name) => `dropped user ${name}: the source does not have it`),
    ];
    const reasonFor = (name: string) => failures.get(name) ?? 'the target does not show what was written';
    this.#settle([
      ...left.puts.map(({ name }) => `user ${name} is not as on the source: ${reasonFor(name)}`),
      ...left.drops.map((name) => `user ${name} is not dropped: ${reasonFor(name)}`),
    ]);
    for (const change of changes) this.#options.environment.log.info(change);
    return { changes: shortened(changes, 'more users'), unfinished: this.#waits(left) };
  }

  /** Whether somebody is surplus who was not yet in the inventory before. */
  #waits({ surplus }: UserPlan): boolean {
    return [...surplus].some((name) => this.#lacked.has(name) && !this.#droppable.has(name));
  }

  #plan(source: readonly UserDocument[], target: StoredUsers): UserPlan {
    const excludeRoot = this.#options.excludeRoot();
    const agreed = this.#droppable;
    const last = this.#compared;
    const isSame = last?.source === source && last.target === target && last.agreed === agreed;
    if (last !== undefined && isSame && last.excludeRoot === excludeRoot) return last.plan;
    const plan = planUsers(source, target.users, { excludeRoot, agreed });
    this.#compared = { source, target, excludeRoot, agreed, plan };
    return plan;
  }

  /** What failed, by the name of the user. */
  async #execute({ puts, drops }: UserPlan, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const { deployment } = this.#options;
    const failures = new Map<string, string>();
    const attempt = async (names: readonly string[], work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof ArangoError)) throw error;
        for (const name of names) failures.set(name, error.message);
      }
    };
    await attempt(
      puts.map(({ name }) => name),
      () => putUsers(deployment, puts, signal),
    );
    for (const name of drops) await attempt([name], () => dropUser(deployment, name, signal));
    return failures;
  }

  #settle(failed: readonly string[]): void {
    const { environment } = this.#options;
    const isNew = failed.join('\n') !== this.#failed.join('\n');
    this.#failed = shortened(failed, 'more users are not as on the source');
    this.#failures = failed.length === 0 ? 0 : this.#failures + 1;
    const backOffMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#notBefore = failed.length === 0 ? 0 : environment.now() + backOffMs;
    if (isNew) for (const reason of this.#failed) environment.log.warn('users differ from the source', { reason });
  }
}

function shortened(lines: readonly string[], of: string): readonly string[] {
  if (lines.length <= NAMED_MAX) return lines;
  return [...lines.slice(0, NAMED_MAX), `${lines.length - NAMED_MAX} ${of}`];
}
