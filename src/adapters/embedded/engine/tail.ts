import type { Collection } from './collection.ts';
import type { Database } from './database.ts';
import type { DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import { isExcluded } from './exclusion.ts';
import { LineWriter } from './line-writer.ts';
import { type LogBatch, type LogEntry, Removal, StructureChange, type WriteAheadLog } from './log.ts';

const CHUNK_MIN = 16 * 1024;
const CHUNK_MAX = 128 * 1024 * 1024;
const CHUNK_DEFAULT = 1024 * 1024;

/** What to tail (6.2). */
export interface TailRequest {
  readonly from: number;
  /** Inclusive; undefined: the newest. */
  readonly to: number | undefined;
  readonly lastScanned: number;
  readonly chunkSize: number | undefined;
  /** Only this database; undefined: all (`global`). */
  readonly database: Database | undefined;
  readonly collection: Collection | undefined;
  readonly includeSystem: boolean;
  readonly includeFoxxQueues: boolean;
  /** Whether a shard is judged by its own name, which no rule excludes (3.6), or by its collection's. */
  readonly judgesShardNames: boolean;
}

/** The answer's body and what its headers are made from (6.3). */
export interface TailAnswer {
  /** In pieces; empty when nothing passed the filters. */
  readonly body: readonly Buffer[];
  readonly lastIncluded: number;
  readonly lastScanned: number;
  readonly lastTick: number;
  readonly checkMore: boolean;
  readonly fromPresent: boolean;
}

/** Reads the log by the rules of 6.2–6.5. Throws 400/400 for an empty range. */
export function tailLog(log: WriteAheadLog, request: TailRequest): TailAnswer {
  if (request.to !== undefined && (request.to === 0 || request.from > request.to)) {
    throw new EngineError(400, 'invalid from/to values');
  }
  return new Tailer(log, request).run();
}

class Tailer {
  readonly #log: WriteAheadLog;
  readonly #request: TailRequest;
  readonly #writer = new LineWriter();
  readonly #chunkSize: number;
  readonly #since: number;
  readonly #to: number;
  #lastIncluded = 0;
  #lastScanned: number;

  constructor(log: WriteAheadLog, request: TailRequest) {
    const { from, lastScanned } = request;
    this.#log = log;
    this.#request = request;
    this.#chunkSize = Math.min(CHUNK_MAX, Math.max(CHUNK_MIN, request.chunkSize ?? CHUNK_DEFAULT));
    this.#since = lastScanned > 0 && lastScanned < from ? lastScanned : from;
    this.#to = request.to ?? log.lastTick;
    this.#lastScanned = this.#since;
  }

  run(): TailAnswer {
    const log = this.#log;
    if (this.#since > log.lastTick) {
      this.#lastScanned = 0;
      return this.#answer(false);
    }
    const first = log.find(this.#since);
    const fromPresent = (log.batch(first)?.start ?? Number.POSITIVE_INFINITY) <= this.#request.from;
    for (let index = first; index < log.length; index++) {
      const batch = log.batch(index) as LogBatch;
      if (batch.start > this.#to) break;
      this.#lastScanned = batch.start;
      // A batch that starts below `since` is skipped whole, whatever of it is still unread (6.4).
      if (batch.start < this.#since) continue;
      if (!this.#readBatch(batch)) break;
      this.#lastScanned = batch.end;
      if (this.#writer.length >= this.#chunkSize) break;
    }
    return this.#answer(fromPresent);
  }

  /** Tells false when the answer was cut inside the batch. */
  #readBatch(batch: LogBatch): boolean {
    const { entries } = batch;
    const mayCut = this.#request.lastScanned > 0;
    let visible = false;
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as LogEntry;
      if (entry.tick > this.#to || !this.#isVisible(entry, batch.database)) continue;
      if (!visible && batch.transactionId > 0) this.#bracket(batch, 2200, batch.start);
      visible = true;
      if (entry.tick <= this.#request.from) continue;
      this.#entry(entry, batch);
      const isLast = index === entries.length - 1;
      if (mayCut && !isLast && this.#writer.length >= this.#chunkSize) return false;
    }
    if (visible && batch.transactionId > 0) this.#bracket(batch, 2201, batch.end);
    return true;
  }

  /** Names are resolved now: what belongs to something dropped since has vanished, but for the drop itself (6.5). */
  #isVisible(entry: LogEntry, database: Database): boolean {
    const only = this.#request.database;
    if (only !== undefined && only !== database) return false;
    if (entry instanceof StructureChange) return this.#isStructureVisible(entry, database);
    return !database.isDropped && this.#isCollectionVisible(entry.collection);
  }

  #isStructureVisible(entry: StructureChange, database: Database): boolean {
    const { collection } = this.#request;
    if (entry.type === 1101) return collection === undefined;
    if (database.isDropped) return false;
    if (entry.type === 2001) return true;
    if (entry.collection !== undefined) return this.#isCollectionVisible(entry.collection);
    return collection === undefined;
  }

  #isCollectionVisible(collection: Collection): boolean {
    const { collection: only, includeSystem, includeFoxxQueues, judgesShardNames } = this.#request;
    if (collection.isDropped || (only !== undefined && only !== collection)) return false;
    return !isExcluded(judgesShardNames ? collection.name : collection.logicalName, includeSystem, includeFoxxQueues);
  }

  #bracket(batch: LogBatch, type: 2200 | 2201, tick: number): void {
    if (tick <= this.#request.from || tick > this.#to) return;
    const db = JSON.stringify(batch.database.name);
    this.#writer.text(`{"tick":"${tick}","type":${type},"tid":"${batch.transactionId}","db":${db}}\n`);
    this.#lastIncluded = tick;
  }

  #entry(entry: LogEntry, batch: LogBatch): void {
    if (entry instanceof StructureChange) this.#writer.text(structureLine(entry, batch.database));
    else if (entry instanceof Removal) this.#removal(entry, batch);
    else this.#document(entry, batch);
    this.#lastIncluded = entry.tick;
  }

  #document(version: DocumentVersion, batch: LogBatch): void {
    const writer = this.#writer;
    writer.bytes(TICK);
    writer.ascii(String(version.tick));
    writer.bytes(middles(version.collection).put);
    writer.ascii(String(batch.transactionId));
    writer.bytes(DATA);
    writer.bytes(version.buffer, version.start, version.end);
    writer.bytes(LINE_END);
  }

  #removal(removal: Removal, batch: LogBatch): void {
    const writer = this.#writer;
    writer.bytes(TICK);
    writer.ascii(String(removal.tick));
    writer.bytes(middles(removal.collection).removal);
    writer.ascii(String(batch.transactionId));
    writer.text(`","data":{"_key":"${removal.removed.key}","_rev":${JSON.stringify(removal.rev)}}}\n`);
  }

  #answer(fromPresent: boolean): TailAnswer {
    const { lastTick } = this.#log;
    const lastIncluded = this.#lastIncluded;
    return {
      body: this.#writer.pieces(),
      lastIncluded,
      lastScanned: this.#lastScanned,
      lastTick,
      checkMore: lastIncluded > 0 && lastIncluded < lastTick,
      fromPresent,
    };
  }
}

const TICK = Buffer.from('{"tick":"');
const DATA = Buffer.from('","data":');
const LINE_END = Buffer.from('}\n');

interface LineMiddles {
  readonly put: Buffer;
  readonly removal: Buffer;
}

const middlesOf = new WeakMap<Collection, LineMiddles>();

/** What stands between tick and tid in every line of a collection; its database and `cuid` never change. */
function middles(collection: Collection): LineMiddles {
  let known = middlesOf.get(collection);
  if (known === undefined) {
    const where = `"db":${JSON.stringify(collection.database.name)},"cuid":${JSON.stringify(collection.globallyUniqueId)}`;
    known = {
      put: Buffer.from(`","type":2300,${where},"tid":"`),
      removal: Buffer.from(`","type":2302,${where},"tid":"`),
    };
    middlesOf.set(collection, known);
  }
  return known;
}

/** The order of fields differs by type, as 6.5 tells. */
function structureLine(entry: StructureChange, database: Database): string {
  const tick = String(entry.tick);
  const { type, uniqueId: cuid, data } = entry;
  const db = database.name;
  let line: object;
  if (type === 2000 || type === 2002 || type === 2003) line = { tick, db, cuid, type, data };
  else if (type === 2110 || type === 2112) line = { tick, db, cuid, data, type };
  else line = { tick, type, db, cuid, data };
  return `${JSON.stringify(line)}\n`;
}
