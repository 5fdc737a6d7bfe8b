import { wantedTasks } from '../../src/domain/tasks/wanted.ts';
import { canonicalText } from '../../src/events/canonical.ts';
import type { Commit, Head } from '../../src/events/log.ts';
import { readEvent } from '../../src/events/read-event.ts';
import { shardKey } from '../../src/events/types/parts.ts';
import type { KnownEvent } from '../../src/events/vocabulary.ts';
import { ControlPlane, type ControlState } from '../../src/projections/control-state.ts';
import type { LogWatcher } from './database.ts';
import type { World } from './world.ts';

/** What a master may append that does not lead: what concerns itself. */
const ofMembers = new Set(['MasterRegistered', 'MasterLeft', 'LeadershipClaimed', 'LeadershipResigned']);
/** How often the fold is remembered as text, to be held against other folds. */
const rememberedShare = 0.04;
const sufficientRebuilds = 12;

/**
 * One datacenter's log as somebody sees it who misses nothing: every commit in the moment in which it is stored. Holds
 * each against what may follow at that position.
 */
export class Chronicle implements LogWatcher {
  readonly commits: Commit[] = [];
  strays = 0;
  /** Somebody appended where the log does not end; true when there is a reason for it. */
  onStray: (position: number) => boolean = () => false;
  rebuilds = 0;
  readonly #name: string;
  readonly #world: World;
  #plane = new ControlPlane();
  /** Canonical text of the state at some positions. */
  readonly #texts = new Map<number, string>();
  /** Called with each event, before it is folded. */
  readonly onEvent: ((event: KnownEvent, commit: Commit, before: ControlState) => void)[] = [];

  constructor(name: string, world: World) {
    this.#name = name;
    this.#world = world;
  }

  get state(): ControlState {
    return this.#plane.state;
  }

  get head(): Head {
    return this.#plane.head;
  }

  inserted(document: unknown): void {
    const { _key, ...content } = JSON.parse(JSON.stringify(document)) as Commit & { _key: string };
    const commit: Commit = content;
    // A writer from the past found the place of an archived commit free (S10): it must find out by itself.
    if (commit.position <= this.head.position) {
      this.strays += 1;
      this.#world.note(`${this.#name}: a stray commit at ${commit.position} by ${commit.writer}`);
      return;
    }
    if (commit.prev !== this.head.hash && this.onStray(commit.position)) {
      this.#world.note(`${this.#name}: ${commit.writer} appends ${commit.position} to a log that went back`);
      return;
    }
    if (commit.prev !== this.head.hash) {
      this.#world.fail(`${this.#name}: commit ${commit.position} does not follow ${this.head.position}`);
      return;
    }
    this.#check(commit);
    this.#plane.apply(commit);
    this.commits.push(commit);
    const types = commit.events.map(({ type }) => type).join(' ');
    this.#world.note(`${this.#name} log ${commit.position} term ${commit.term} ${commit.writer} ${types}`);
    if (this.#world.random.chance(rememberedShare)) this.#texts.set(commit.position, canonicalText(this.state));
  }

  /** The log has lost what came after the position. */
  goBack(position: number): void {
    this.commits.length = position;
    for (const each of this.#texts.keys()) if (each > position) this.#texts.delete(each);
    this.#plane = new ControlPlane();
    this.#plane.applyAll(this.commits);
  }

  /** Whether this head was ever the head of the log. */
  contains({ position, hash }: Head): boolean {
    return position === 0 || this.commits[position - 1]?.hash === hash;
  }

  /** Whether an operator here ended the last registration of the target. */
  wasAborted(targetId: string): boolean {
    const last = this.commits
      .flatMap(({ events, actor }) => events.map(({ type, data }) => ({ type, data, actor })))
      .findLast(({ type, data }) => {
        const isOfTarget = (data as { targetId?: string }).targetId === targetId;
        return isOfTarget && (type === 'OutgoingRegistered' || type === 'OutgoingStopped');
      });
    return last?.type === 'OutgoingStopped' && last.actor?.kind === 'user';
  }

  /** The state at the position, if it was remembered: what everybody who stands there must have folded. */
  textAt(position: number): string | undefined {
    return this.#texts.get(position);
  }

  /** Folds the log anew to remembered positions, from the beginning and from the last archived state. */
  checkRebuilds(): void {
    const positions = [...this.#texts.keys()].slice(-sufficientRebuilds);
    for (const position of positions) {
      for (const start of this.#starts(position)) this.#rebuild(start, position);
    }
  }

  #starts(position: number): number[] {
    const archived = this.commits.findLastIndex(
      (commit) => commit.position <= position && commit.events.some(({ type }) => type === 'LogArchived'),
    );
    return archived > 0 ? [0, archived] : [0];
  }

  #rebuild(start: number, position: number): void {
    this.rebuilds += 1;
    const plane = new ControlPlane();
    for (const commit of this.commits.slice(start, position)) plane.apply(commit);
    if (canonicalText(plane.state) === this.#texts.get(position)) return;
    this.#world.fail(`${this.#name}: the log folded from ${start + 1} to ${position} is not what it was`);
  }

  #check(commit: Commit): void {
    let { state } = this;
    const plane = new ControlPlane(state, this.head);
    for (const stored of commit.events) {
      const read = readEvent(stored);
      if (read.kind === 'unknown') {
        this.#fail(commit, `is not understood: ${stored.type}, ${read.why}`);
        return;
      }
      this.#checkEvent(read.event, commit, state);
      for (const listener of this.onEvent) listener(read.event, commit, state);
      plane.apply({ ...commit, events: [stored], position: plane.position + 1, prev: plane.head.hash });
      state = plane.state;
    }
  }

  #checkEvent(event: KnownEvent, commit: Commit, before: ControlState): void {
    const { leadership, tasks } = before;
    const leads = leadership.leader?.masterId === commit.writer && leadership.term === commit.term;
    const isLossOfLog = event.type === 'SyncFailed' && event.data.code === 'own-log-lost';
    if (!ofMembers.has(event.type) && !isLossOfLog && !leads) {
      const leader = `${leadership.leader?.masterId ?? 'nobody'} in term ${leadership.term}`;
      this.#fail(commit, `${event.type} is decided by ${commit.writer} in term ${commit.term}, while ${leader} leads`);
    }
    switch (event.type) {
      case 'LeadershipClaimed':
        if (event.data.term <= leadership.term) this.#fail(commit, `claims term ${event.data.term} again`);
        if (event.data.masterId !== commit.writer) this.#fail(commit, 'claims for another master');
        break;
      case 'TasksAssigned':
        for (const { taskId, workerId, counter } of event.data.assignments) {
          const task = tasks.get(taskId);
          if (task === undefined) this.#fail(commit, `assigns task ${taskId}, which is not there`);
          else if (task.workerId !== null) this.#fail(commit, `assigns task ${taskId}, which ${task.workerId} has`);
          else if (counter !== task.counter + 1) this.#fail(commit, `assigns task ${taskId} with counter ${counter}`);
          if (!before.workers.byId.has(workerId)) this.#fail(commit, `assigns task ${taskId} to nobody`);
        }
        break;
      case 'OutgoingRegistered':
      case 'OutgoingShardsAdded':
      case 'OutgoingShardsRemoved':
      case 'BarrierSet':
      case 'BarrierLifted':
      case 'OutgoingStopped':
        this.#checkOwner(event.data.targetId, commit);
        break;
      case 'TasksRemoved':
        this.#checkRemoved(event.data.taskIds, commit, before);
        break;
      default:
    }
  }

  /** What is a target's answers to its own certificate only (S23). */
  #checkOwner(targetId: string, { actor, ...commit }: Commit): void {
    if (actor?.kind !== 'certificate' || actor.name === `CN=${targetId}`) return;
    this.#fail(commit, `is by ${actor.name} about ${targetId}`);
  }

  /** A task is removed only when nobody wants it, or another one is there for the same. */
  #checkRemoved(taskIds: readonly string[], commit: Commit, before: ControlState): void {
    const identityOf = (task: { type: string; peerId: string; channels: { data: string }; shard?: unknown }) =>
      JSON.stringify([task.type, task.peerId, task.channels.data]);
    const wanted = new Set(wantedTasks(before.synchronization, before.shards, before.outgoing).map(identityOf));
    const kept = [...before.tasks.values()].filter(({ taskId }) => !taskIds.includes(taskId)).map(identityOf);
    for (const taskId of taskIds) {
      const task = before.tasks.get(taskId);
      if (task === undefined) continue;
      const identity = identityOf(task);
      if (!wanted.has(identity) || kept.includes(identity)) continue;
      const what = task.shard === undefined ? task.type : `${task.type} ${shardKey(task.shard)}`;
      this.#fail(commit, `loses the task ${taskId} (${what})`);
    }
  }

  #fail(commit: Pick<Commit, 'position' | 'cause'>, what: string): void {
    this.#world.fail(`${this.#name}: commit ${commit.position} (${commit.cause}) ${what}`);
  }
}

/** Whether a process that stands at `head` folded what everybody must have folded there. */
export function checkFold(
  chronicle: Chronicle,
  who: string,
  head: Head,
  state: () => ControlState,
  world: World,
): void {
  if (!chronicle.contains(head)) {
    world.fail(`${who} stands at a commit of position ${head.position} that is not in the log`);
    return;
  }
  const text = chronicle.textAt(head.position);
  if (text !== undefined && canonicalText(state()) !== text) {
    world.fail(`${who} folded the log up to ${head.position} into another state`);
  }
}
