import { type Checkpoint, compareTicks, type FrameHeader, type Tick, type Witness } from '../queue.ts';
import { compareRevisions } from '../revision.ts';
import { newestWitnesses } from './checkpoint-documents.ts';
import { ReopenStream } from './failures.ts';
import type { FloorGroup, FloorMark } from './floor-group.ts';

type Header<Kind extends FrameHeader['kind']> = Extract<FrameHeader, { kind: Kind }>;

/** What a stream's checkpoints say beside its position. */
export interface PositionScope {
  readonly epoch: string;
  readonly sourceDeployment: string;
  readonly targetCollectionId: string;
  /** Largest revision ever applied before, `''` when unknown. */
  readonly forkRevision: string;
  readonly witnesses: readonly Witness[];
}

/**
 * Where one stream is, and what of that may be stored. Invariant: {@link checkpoint} covers no operation that is not
 * applied, ends inside of no transaction, and does not move while documents are held back.
 */
export class StreamPosition {
  readonly #scope: PositionScope;
  #origin: Pick<Checkpoint, 'dbServer' | 'serverId' | 'cuid'> | undefined;
  /** Where the stream is: `from` of the next operations. */
  #position: Tick | undefined;
  /** Where its own frames came to; a floor moves {@link #position} alone. */
  #framePosition: Tick | undefined;
  /** The last position that may be stored. */
  #storable: Tick | undefined;
  #insideTransaction = false;
  #forkRevision: string;
  #witnesses: readonly Witness[];
  #group: FloorGroup | undefined;

  constructor(scope: PositionScope) {
    this.#scope = scope;
    this.#forkRevision = scope.forkRevision;
    this.#witnesses = scope.witnesses;
  }

  /** The floor that the shard stands on. */
  get group(): FloorGroup | undefined {
    return this.#group;
  }

  get tick(): Tick | undefined {
    return this.#position;
  }

  /** Undefined while nothing may be stored. */
  get checkpoint(): Checkpoint | undefined {
    if (this.#origin === undefined || this.#storable === undefined) return undefined;
    const { epoch, sourceDeployment, targetCollectionId } = this.#scope;
    return {
      epoch,
      sourceDeployment,
      ...this.#origin,
      targetCollectionId,
      tick: this.#storable,
      forkRevision: this.#forkRevision,
      witnesses: this.#witnesses,
    };
  }

  /** A tail begins where the checkpoint is and may be stored; anything else only when it is {@link caughtUp}. */
  open({ dbServer, serverId, cuid, from, way }: Header<'opened'>): void {
    this.#origin = { dbServer, serverId, cuid };
    this.#position = from;
    this.#framePosition = from;
    this.#storable = way === 'tail' ? from : undefined;
    if (way !== 'tail') this.#witnesses = [];
  }

  caughtUp(): void {
    this.#storable = this.#position;
  }

  /** Moves on over operations that are about to be applied; refuses any other place than the next (S15). */
  enter(header: Header<'ops'>): void {
    // A floor says that there was nothing in between: going on from before it leaves nothing out.
    if (header.from !== this.#position && header.from !== this.#framePosition) {
      throw new ReopenStream(`operations from ${header.from} came at position ${this.#position}`);
    }
    this.#position = header.to;
    this.#framePosition = header.to;
  }

  /** The operations are applied; with `held`, some of them wait for a place under a unique index. */
  applied(headers: readonly Header<'ops'>[], held: boolean): void {
    for (const { complete, witnesses } of headers) {
      this.#insideTransaction = !complete;
      if (witnesses.length > 0) this.#witnesses = newestWitnesses(witnesses, this.#witnesses);
    }
    if (!held && !this.#insideTransaction) this.#storable = this.#position;
  }

  /** What waited for a place has found it. */
  released(): void {
    if (!this.#insideTransaction && this.#storable !== undefined) this.#storable = this.#position;
  }

  /** Everything before a floor is applied: there was nothing else up to its tick. */
  reachFloor(floor: FloorMark, held: boolean): void {
    if (this.#position === undefined) return;
    this.#group = floor.group;
    if (floor.witnesses.length > 0) this.#witnesses = newestWitnesses(floor.witnesses, this.#witnesses);
    if (compareTicks(floor.tick, this.#position) <= 0) return;
    this.#position = floor.tick;
    // Between two transactions: a floor never comes inside of one that touches this shard.
    this.#insideTransaction = false;
    if (!held) this.#storable = floor.tick;
  }

  noteRevision(revision: string): void {
    if (this.#forkRevision === '' || compareRevisions(revision, this.#forkRevision) > 0) this.#forkRevision = revision;
  }
}
