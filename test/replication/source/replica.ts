import {
  type Checkpoint,
  compareTicks,
  type Frame,
  type FrameHeader,
  type Tick,
  type Witness,
} from '../../../src/replication/queue.ts';
import { compareRevisions } from '../../../src/replication/revision.ts';

type Header<Kind extends FrameHeader['kind']> = Extract<FrameHeader, { kind: Kind }>;

export const EPOCH = 'epoch';
const WITNESSES_MAX = 3;

/**
 * What a receiver makes of a shard's streams, held in memory and by the letter of the contract: any frame out of place
 * is an error, and so is an operation that comes a second time or out of order.
 */
export class Replica {
  readonly channel: string;
  /** Text of each document by key. */
  readonly documents = new Map<string, string>();
  readonly frames: FrameHeader[] = [];
  readonly errors: string[] = [];
  #revisions = new Map<string, string>();
  #copied: Map<string, string> | undefined;
  /** Revision of the last document of the snapshot so far. */
  #copiedUpTo: string | undefined;
  #stream = '';
  #seq = 0;
  #origin: Pick<Checkpoint, 'sourceDeployment' | 'dbServer' | 'serverId' | 'cuid'> | undefined;
  #position: Tick | undefined;
  #framePosition: Tick | undefined;
  #storable: Tick | undefined;
  #isInside = false;
  #witnesses: readonly Witness[] = [];
  #broken: Header<'broken'> | undefined;
  floors = 0;
  copies = 0;
  tails = 0;
  operations = 0;

  constructor(channel: string) {
    this.channel = channel;
  }

  get stream(): string {
    return this.#stream;
  }

  get seq(): number {
    return this.#seq;
  }

  get position(): Tick | undefined {
    return this.#position;
  }

  get broken(): Header<'broken'> | undefined {
    return this.#broken;
  }

  get isCopying(): boolean {
    return this.#copied !== undefined;
  }

  get checkpoint(): Checkpoint | undefined {
    if (this.#origin === undefined || this.#storable === undefined || this.#copied !== undefined) return undefined;
    const own = { epoch: EPOCH, targetCollectionId: '1', forkRevision: '' };
    return { ...own, ...this.#origin, tick: this.#storable, witnesses: this.#witnesses };
  }

  last<Kind extends FrameHeader['kind']>(kind: Kind): Header<Kind> | undefined {
    return this.frames.findLast((header): header is Header<Kind> => header.kind === kind);
  }

  /** A stream begins; what was applied and not stored stays, as on a target. */
  begin(stream: string): void {
    this.#stream = stream;
    this.#seq = 0;
    this.#broken = undefined;
    this.#copied = undefined;
    this.#isInside = false;
    this.#position = undefined;
    // What was applied behind the checkpoint comes again.
    this.#revisions = new Map();
  }

  take({ header, body }: Frame): void {
    if (header.kind === 'floor' || header.kind === 'queued' || header.stream !== this.#stream) return;
    this.frames.push(header);
    if (header.seq !== this.#seq + 1) this.#fail(`frame ${header.seq} came after ${this.#seq}`);
    this.#seq = header.seq;
    if (header.kind === 'opened') this.#opened(header);
    else if (header.kind === 'copy') this.#copy(header, body);
    else if (header.kind === 'ops') this.#ops(header, body);
    else if (header.kind === 'broken') this.#broken = header;
    else if (header.kind === 'tree' && header.tick !== this.#position) {
      this.#fail(`a tree at ${header.tick} came at ${this.#position}`);
    }
  }

  floor(header: Header<'floor'>): void {
    if (this.#position === undefined || this.#copied !== undefined || this.#broken !== undefined) return;
    if (this.#origin?.dbServer !== header.dbServer || this.#origin.serverId !== header.serverId) return;
    if (header.except.includes(this.channel)) return;
    this.floors += 1;
    this.#witness(header.witnesses);
    if (compareTicks(header.tick, this.#position) <= 0) return;
    if (this.#isInside) this.#fail(`a floor at ${header.tick} came inside of a transaction`);
    this.#position = header.tick;
    this.#storable = header.tick;
  }

  #opened(header: Header<'opened'>): void {
    const { sourceDeployment, dbServer, serverId, cuid, from, way } = header;
    if (way === 'tail') {
      this.tails += 1;
      if (from !== this.#storable) this.#fail(`the stream goes on from ${from}, the checkpoint is ${this.#storable}`);
    } else {
      this.copies += 1;
      this.#copied = new Map();
      this.#copiedUpTo = undefined;
      this.#witnesses = [];
    }
    this.#origin = { sourceDeployment, dbServer, serverId, cuid };
    this.#position = from;
    this.#framePosition = from;
  }

  #copy(header: Header<'copy'>, body: Uint8Array): void {
    if (this.#copied === undefined) {
      this.#fail('a piece of a snapshot came outside of a copy');
      return;
    }
    const documents = linesOf(body).map(parse);
    if (documents.length !== header.documents) this.#fail('a piece of a snapshot has another number of documents');
    for (const { key, rev, text } of documents) {
      const previous = this.#copiedUpTo;
      if (previous !== undefined && compareRevisions(previous, rev) >= 0) this.#fail('a snapshot is out of order');
      this.#copied.set(key, text);
      this.#copiedUpTo = rev;
      this.#revisions.set(key, rev);
    }
    if (!header.last) return;
    this.documents.clear();
    for (const [key, text] of this.#copied) this.documents.set(key, text);
    this.#copied = undefined;
    this.#storable = this.#position;
  }

  #ops(header: Header<'ops'>, body: Uint8Array): void {
    if (this.#copied !== undefined) this.#fail('operations came before the end of the snapshot');
    if (header.from !== this.#position && header.from !== this.#framePosition) {
      this.#fail(`operations from ${header.from} came at ${this.#position}`);
    }
    const lines = linesOf(body);
    if (lines.length !== header.operations) this.#fail('a frame has another number of operations');
    for (const line of lines) this.#operation(line);
    this.operations += lines.length;
    this.#position = header.to;
    this.#framePosition = header.to;
    this.#isInside = !header.complete;
    this.#witness(header.witnesses);
    if (header.complete) this.#storable = header.to;
  }

  #operation(line: string): void {
    const { key, rev, text } = parse(line.slice(1));
    const before = this.#revisions.get(key);
    if (line.startsWith('-')) {
      if (before === undefined && !this.documents.has(key)) this.#fail(`${key} was removed twice`);
      this.documents.delete(key);
      this.#revisions.delete(key);
      return;
    }
    if (before !== undefined && compareRevisions(before, rev) >= 0) this.#fail(`${key} came twice or out of order`);
    this.documents.set(key, text);
    this.#revisions.set(key, rev);
  }

  #witness(witnesses: readonly Witness[]): void {
    if (witnesses.length === 0) return;
    const all = [...witnesses, ...this.#witnesses].sort((a, b) => compareTicks(b.tick, a.tick));
    this.#witnesses = all.filter((w, i) => all.findIndex(({ cuid }) => cuid === w.cuid) === i).slice(0, WITNESSES_MAX);
  }

  #fail(reason: string): void {
    this.errors.push(reason);
  }
}

function linesOf(body: Uint8Array): string[] {
  const text = Buffer.from(body).toString('utf8');
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function parse(text: string): { readonly key: string; readonly rev: string; readonly text: string } {
  const document = JSON.parse(text) as { _key: string; _rev: string };
  return { key: document._key, rev: document._rev, text };
}
