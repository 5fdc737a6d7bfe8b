import { ArangoCommitStore } from '../../src/adapters/arangodb/event-log.ts';
import { wantedMode } from '../../src/domain/server-mode/state.ts';
import { ChainedLog } from '../../src/events/chained-log.ts';
import { CREDENTIALS_GONE } from '../../src/master/source-credentials.ts';
import { archiveLog } from '../../src/projections/archive.ts';
import { ControlPlane } from '../../src/projections/control-state.ts';
import { Commands, Interrupted, operator } from './commands.ts';
import { hasher } from './keys.ts';
import { SimProcess } from './process.ts';
import type { Site } from './site.ts';
import type { Users } from './users.ts';
import type { World } from './world.ts';

const endMs = 300;
const stopMsMin = 3_000;
const stopMsMax = 15_000;
/** Between the two halves of a reversal. */
const heldMsMax = 3_000;
/** Between two steps of a command. */
const interruptedShare = 0.03;

/** Of the commands those that change how the datacenters stand to each other. */
const changingShare = 0.6;
/** Histories that end with a stop or a reversal while users go on writing. */
const lastChangeShare = 0.35;

type Command = readonly [name: string, run: () => Promise<unknown>];

/** People at the command lines of both datacenters, and the clock that archives. */
export class Operators {
  readonly counts = new Map<string, number>();
  readonly #world: World;
  readonly #commands: Commands;
  #source: Site;
  #target: Site;
  #isOver = false;
  #collections = 0;
  /** A command that changes how the datacenters stand to each other is under way. */
  #isChanging = false;
  /** What somebody has begun and not finished. */
  #unfinished: 'stop' | 'reverse' | undefined;

  constructor(world: World, source: Site, target: Site) {
    this.#world = world;
    this.#source = source;
    this.#target = target;
    this.#commands = new Commands(new SimProcess(world, 'operator'));
  }

  /** Who follows whom, as the operators want it. */
  get sides(): { readonly source: Site; readonly target: Site } {
    return { source: this.#source, target: this.#target };
  }

  begin(): void {
    for (let i = 0; i < 4; i += 1) this.#addCollection();
    void this.#changing(() => this.#configureUntilDone());
    this.#commanding();
  }

  /** No more new commands; what was begun is repeated until it is done, and what was stopped is configured again. */
  async end(users: Users): Promise<void> {
    this.#isOver = true;
    while (this.#isChanging) await this.#commands.sleep(endMs);
    if (this.#unfinished === 'reverse') await this.#repeat(() => this.#reverse());
    else if (this.#unfinished === 'stop') await this.#repeat(() => this.#stop());
    await this.#configureUntilDone();
    await this.#resumeUntilDone();
    if (this.#world.random.chance(lastChangeShare)) await this.#changeInCalm();
    await this.#untilDone(() => this.#commands.liftBarrier(this.#target));
    users.end();
    void this.#watching();
  }

  /** With nothing in its way a command comes through. */
  async #changeInCalm(): Promise<void> {
    const isReversal = this.#world.random.chance(0.6);
    this.counts.set('calm', 1);
    await this.#repeat(() => (isReversal ? this.#reverse() : this.#stop()));
    await this.#configureUntilDone();
    await this.#resumeUntilDone();
  }

  /** Until it is done; what has failed meanwhile is configured again first, what is paused goes on. */
  async #repeat(command: () => Promise<void>): Promise<void> {
    await this.#untilDone(async () => {
      const { phase, paused } = this.#target.chronicle.state.synchronization;
      if (phase === 'failed') await this.#configureUntilDone();
      if (paused !== null) await this.#resumeUntilDone();
      await command();
    });
  }

  /**
   * An aborted source may tell its target only now that it has forgotten it, and a pause that its operator has seen fail
   * may land now.
   */
  async #watching(): Promise<void> {
    for (;;) {
      await this.#commands.sleep(stopMsMin);
      const { phase, paused } = this.#target.chronicle.state.synchronization;
      if (phase === 'failed' || phase === 'inactive') await this.#configureUntilDone();
      if (paused !== null) await this.#resumeUntilDone();
      this.#openWhatNobodyHolds();
    }
  }

  /** A log that lost who made its deployment read-only leaves the mode alone (S9): people see to it. */
  #openWhatNobodyHolds(): void {
    const { chronicle, wentBackAtMs, database } = this.#source;
    const { serverMode, synchronization, outgoing } = chronicle.state;
    if (!Number.isFinite(wentBackAtMs)) return;
    if (wantedMode(serverMode, synchronization, outgoing) === undefined) database.deployment.front.mode = 'default';
  }

  #commanding(): void {
    this.#world.plan(this.#world.random.between(300, 6_000), () => {
      if (this.#isOver) return;
      void this.#command();
      this.#commanding();
    });
  }

  async #command(): Promise<void> {
    const { random } = this.#world;
    // Archiving meets a writer from the past only when it happens while requests are late.
    const isLate = this.#target.network.weather.delayed > 0 && random.chance(0.5);
    const commands = !this.#isChanging && random.chance(changingShare) ? this.#changes : this.#others;
    const [name, run] = isLate ? (['archive', () => this.#archive()] as const) : (random.pick(commands) as Command);
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#world.note(`operator: ${name}`);
    try {
      await run();
      this.#world.note(`operator: ${name} is done`);
    } catch (error) {
      this.#world.note(`operator: ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** One at a time: two operators who want opposite things are not the program's affair. */
  async #changing(command: () => Promise<unknown>): Promise<void> {
    if (this.#isChanging) throw new Error('another command is under way');
    this.#isChanging = true;
    try {
      await command();
    } finally {
      this.#isChanging = false;
    }
  }

  /** How the datacenters stand to each other. */
  readonly #changes: readonly Command[] = [
    ['configure', () => this.#changing(() => this.#commands.configure(this.#source, this.#target))],
    [
      'configure the wrong way',
      () => this.#changing(() => this.#commands.configureWrongly(this.#target, this.#source)),
    ],
    ['cancel and configure again', () => this.#changing(() => this.#cancel())],
    ['abort outgoing', () => this.#changing(() => this.#abortOutgoing())],
    ['stop in sync', () => this.#changing(() => this.#stopAndConfigure())],
    ['stop in sync', () => this.#changing(() => this.#stopAndConfigure())],
    ['reverse', () => this.#changing(() => this.#reverse())],
    ['reverse', () => this.#changing(() => this.#reverse())],
  ];

  readonly #others: readonly Command[] = [
    ['reset', () => this.#reset()],
    ['add a collection', async () => this.#addCollection()],
    ['remove a collection', async () => this.#removeCollection()],
    ['make the target writable', async () => this.#makeWritable(this.#target)],
    ['pause and resume', () => this.#pause()],
    ['make the source writable', async () => this.#makeSourceWritable()],
    ['set the message timeout', () => this.#setMessageTimeout()],
    ['archive', () => this.#archive()],
  ];

  /** Where the answer names a way out, it is gone. */
  async #untilDone(command: () => Promise<unknown>): Promise<void> {
    await this.#commands.untilDone(async () => {
      try {
        await command();
      } catch (error) {
        if (String(error).includes(CREDENTIALS_GONE)) await this.#commands.configureOnce(this.#source, this.#target);
        throw error;
      }
    });
  }

  async #configureUntilDone(): Promise<void> {
    await this.#untilDone(() => this.#commands.configure(this.#source, this.#target));
  }

  async #stopAndConfigure(): Promise<void> {
    await this.#stop();
    await this.#commands.sleep(this.#world.random.between(0, 4_000));
    await this.#configureUntilDone();
  }

  async #stop(): Promise<void> {
    await this.#unfinishedUntilDone('stop', () => this.#commands.stop(this.#target, this.#stopWith('default')));
  }

  /** As `arangosync reverse sync`; each step looks whether it was done before. */
  async #reverse(): Promise<void> {
    await this.#unfinishedUntilDone('reverse', async () => {
      const [source, target] = [this.#target, this.#source];
      if (!(await this.#commands.follows(target, source)) && !(await this.#swap(source, target))) {
        // Reversing now could lose what the old source has.
        await this.#configureUntilDone();
        return;
      }
      [this.#source, this.#target] = [source, target];
      this.counts.set('reversed', (this.counts.get('reversed') ?? 0) + 1);
    });
  }

  /** False: somebody stopped otherwise, or has written since. */
  async #swap(source: Site, target: Site): Promise<boolean> {
    await this.#commands.stop(source, this.#stopWith('readonly'));
    if (!(await this.#commands.isHeld(target))) return false;
    await this.#commands.sleep(this.#world.random.between(0, heldMsMax));
    let isReversed = false;
    await this.#untilDone(async () => {
      this.#interruptSometimes();
      isReversed = await this.#commands.configureReversed(source, target);
    });
    return isReversed;
  }

  async #unfinishedUntilDone(what: 'stop' | 'reverse', command: () => Promise<void>): Promise<void> {
    try {
      await command();
      this.#unfinished = undefined;
    } catch (error) {
      // A reversal that failed may have stopped already, and holds the source read-only until it is repeated.
      this.#unfinished = what === 'reverse' || error instanceof Interrupted ? what : undefined;
      throw error;
    }
  }

  #stopWith(sourceServerMode: 'default' | 'readonly') {
    const timeoutMs = this.#world.random.between(stopMsMin, stopMsMax);
    return { sourceServerMode, timeoutMs, between: () => this.#interruptSometimes() };
  }

  #interruptSometimes(): void {
    if (!this.#isOver && this.#world.random.chance(interruptedShare)) throw new Interrupted('the operator has gone');
  }

  /** At the source; its target notices, and has to be configured again. */
  async #abortOutgoing(): Promise<void> {
    const { id } = this.#target;
    await this.#commands.ask(this.#source, 'abort outgoing', ({ outgoing }, gone) =>
      this.#world.random.chance(0.5) ? outgoing.stop(id, {}, operator, gone) : outgoing.stopAll({}, operator, gone),
    );
    await this.#commands.sleep(this.#world.random.between(0, 6_000));
    await this.#configureUntilDone();
  }

  async #reset(): Promise<void> {
    const shard = this.#world.random.pick(this.#source.data.shards());
    if (shard === undefined) return;
    const { database, collection } = shard;
    await this.#commands.ask(this.#target, 'reset', ({ sync }, gone) =>
      sync.resetShards({ database, collection }, operator, gone),
    );
  }

  async #setMessageTimeout(): Promise<void> {
    const messageTimeout = 1_000_000_000 * (1 + this.#world.random.below(1_000));
    await this.#commands.ask(this.#target, 'set message timeout', ({ sync }, gone) =>
      sync.setMessageTimeout({ messageTimeout }, operator, gone),
    );
  }

  /** With or without force, and then again from the beginning. */
  async #cancel(): Promise<void> {
    const force = this.#world.random.chance(0.5);
    const request = { force, target_server_mode: 'default' as const, source_server_mode: 'default' as const };
    await this.#commands.ask(this.#target, 'cancel', ({ sync }, gone) => sync.cancel(request, operator, gone));
    await this.#commands.sleep(this.#world.random.between(0, 6_000));
    await this.#configureUntilDone();
  }

  async #pause(): Promise<void> {
    await this.#commands.ask(this.#target, 'pause', ({ sync }, gone) => sync.pause({}, operator, gone));
    await this.#commands.sleep(this.#world.random.between(0, 10_000));
    await this.#resumeUntilDone();
  }

  /** Refused where it was stopped meanwhile: then nothing is paused. */
  async #resumeUntilDone(): Promise<void> {
    await this.#untilDone(async () => {
      try {
        await this.#commands.ask(this.#target, 'resume', ({ sync }, gone) => sync.resume(operator, gone));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (!why.startsWith('refused: 412')) throw error;
      }
    });
  }

  #addCollection(): void {
    if (!this.#source.users.isWritable) return;
    this.#collections += 1;
    this.#source.users.create(`c${this.#collections}`);
  }

  #removeCollection(): void {
    const { names, isWritable } = this.#source.users;
    const name = this.#world.random.pick(names);
    if (isWritable && name !== undefined && names.length > 2) this.#source.users.drop(name);
  }

  /** Somebody forgets that a target is read-only. */
  #makeWritable(site: Site): void {
    site.database.deployment.front.mode = 'default';
  }

  /** Somebody forgets that there is a barrier, or a reversal that has begun. */
  #makeSourceWritable(): void {
    const { outgoing, serverMode } = this.#source.chronicle.state;
    const hasBarrier = [...outgoing.values()].some(({ barrier }) => barrier !== null);
    if (hasBarrier || serverMode.heldFor !== null) this.#makeWritable(this.#source);
  }

  /** Old commits of one of the logs are archived, by its leader (S10). */
  async #archive(): Promise<void> {
    const site = this.#world.random.chance(0.5) ? this.#source : this.#target;
    const node = site.masters.find(({ master }) => master?.leads === true);
    if (node?.master === undefined) return;
    const { process, master } = node;
    const { front } = site.database.reachedBy(process);
    const sleep = (ms: number, signal?: AbortSignal) => process.clock.sleep(ms, signal);
    const log = new ChainedLog({ store: new ArangoCommitStore(front), hasher, sleep });
    const plane = new ControlPlane(master.state, master.head);
    const writer = {
      term: master.state.leadership.term,
      writer: master.id,
      at: process.clock.now().toISOString(),
      cause: 'archive',
    };
    await archiveLog(log, plane, { writer, newEventId: () => site.newId().padStart(26, '0') });
  }
}
