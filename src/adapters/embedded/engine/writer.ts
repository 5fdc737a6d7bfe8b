import type { Features } from '../versions/features.ts';
import type { HybridClock } from './clock.ts';
import { type Collection, demandValidKey } from './collection.ts';
import type { DocumentVersion } from './document.ts';
import { DocumentBuilder } from './document-builder.ts';
import { endsOf, patchedEnds } from './edge-ends.ts';
import { EngineError } from './errors.ts';
import { keyIn, keyToRemove } from './item-keys.ts';
import { canonicalJson } from './json/canonical.ts';
import { FROM, itemOf, KEY, REV, type ScannedItem, TO } from './json/items.ts';
import { textValue, valueAt } from './json/members.ts';
import { mergeDocuments } from './merge.ts';
import { parseRevision } from './revision.ts';
import type { ServerState } from './state.ts';
import type { FailedItem, ItemOutcome, JsonText, WriteItem, WriteRequest, WrittenItem } from './types.ts';
import { uniqueViolation } from './unique-index.ts';
import { isNotNewer } from './version-attribute.ts';
import type { DocumentView } from './view.ts';

/** Guess at what an item grows by when it is stored: key twice, id, revision. */
const STORED_OVERHEAD = 112;

/**
 * Carries out the items of one call in order (4.3, 4.4). An item that fails leaves nothing behind; after error 32 all
 * later ones fail with it.
 */
export class Writer {
  readonly #view: DocumentView;
  readonly #collection: Collection;
  readonly #request: WriteRequest;
  readonly #clock: HybridClock;
  readonly #features: Features;
  readonly #builder: DocumentBuilder;

  constructor(view: DocumentView, request: WriteRequest, { clock, features }: Pick<ServerState, 'clock' | 'features'>) {
    this.#view = view;
    this.#collection = view.collection;
    this.#request = request;
    this.#clock = clock;
    this.#features = features();
    let bytes = 0;
    for (const { text } of request.items) {
      bytes += (text === undefined ? 0 : text.end - text.start) + STORED_OVERHEAD + this.#collection.idPrefix.length;
    }
    this.#builder = new DocumentBuilder(bytes);
  }

  run(): ItemOutcome[] {
    const outcomes: ItemOutcome[] = [];
    let fatal: FailedItem | undefined;
    for (const item of this.#request.items) {
      const outcome: ItemOutcome = fatal ?? this.#attempt(item);
      if (!outcome.ok && outcome.errorNum === 32) fatal = outcome;
      outcomes.push(outcome);
    }
    return outcomes;
  }

  #attempt(item: WriteItem): ItemOutcome {
    try {
      switch (this.#request.kind) {
        case 'insert':
          return this.#insert(item);
        case 'replace':
          return this.#replaceOrUpdate(item, true);
        case 'update':
          return this.#replaceOrUpdate(item, false);
        case 'remove':
          return this.#remove(item);
      }
    } catch (error) {
      if (error instanceof Conflict) return error.outcome;
      if (error instanceof EngineError) return failure(error.errorNum, error.message);
      throw error;
    }
  }

  #insert(item: WriteItem): ItemOutcome {
    const scanned = objectOf(item);
    const key = this.#keyOfInsert(item, scanned);
    const [from, to] = endsOf(this.#collection, scanned);
    this.#view.lock(key);
    const before = this.#view.find(key);
    if (before === undefined) return this.#store(key, undefined, from, to, scanned, scanned.bytes, scanned.runs);
    switch (this.#request.overwriteMode ?? 'conflict') {
      case 'ignore':
        return kept(before, undefined);
      case 'replace':
        return this.#replace(before, scanned, from, to);
      case 'update':
        return this.#update(before, scanned, this.#request.keepNull ?? false);
      default:
        throw uniqueViolation('primary', 'primary', '_key', key);
    }
  }

  #keyOfInsert(item: WriteItem, scanned: ScannedItem): string {
    const { keys } = this.#collection;
    if (item.key !== undefined) {
      demandValidKey(item.key);
      keys.track(item.key);
      return item.key;
    }
    const given = scanned.attribute(KEY);
    if (given === undefined) return keys.next();
    const key = textValue(given);
    if (key === undefined) throw new EngineError(1221, 'illegal document key');
    if (!keys.allowUserKeys && this.#request.isRestore !== true && this.#request.keysAreJudged !== true) {
      throw new EngineError(1222, 'unexpected document key');
    }
    demandValidKey(key);
    keys.track(key);
    return key;
  }

  #replaceOrUpdate(item: WriteItem, replaces: boolean): ItemOutcome {
    const scanned = objectOf(item);
    const before = this.#existing(item.key ?? keyIn(scanned), scanned);
    if (!replaces) return this.#update(before, scanned, this.#request.keepNull ?? true);
    const [from, to] = endsOf(this.#collection, scanned);
    return this.#replace(before, scanned, from, to);
  }

  #remove(item: WriteItem): ItemOutcome {
    const scanned = item.text === undefined ? undefined : itemOf(item.text);
    const before = this.#existing(item.key ?? keyToRemove(scanned), scanned);
    this.#view.remove(before);
    return {
      ok: true,
      key: before.key,
      rev: before.rev,
      oldRev: undefined,
      newDocument: undefined,
      oldDocument: before,
    };
  }

  /** The document to be changed. 1202 when there is none, 1200 when it has not the revision that was demanded. */
  #existing(key: string, scanned: ScannedItem | undefined): DocumentVersion {
    demandValidKey(key);
    this.#view.lock(key);
    const before = this.#view.find(key);
    if (before === undefined) throw new EngineError(1202, 'document not found');
    const { ifMatch } = this.#request;
    if (ifMatch !== undefined && ifMatch !== before.rev)
      throw new Conflict(before, this.#features.conflictTellsRevisions);
    if (this.#request.ignoreRevs === false && scanned?.isObject === true) {
      const demanded = textValue(scanned.attribute(REV));
      if (demanded !== undefined && demanded !== '' && demanded !== before.rev)
        throw new Conflict(before, this.#features.conflictTellsRevisions);
    }
    return before;
  }

  #replace(
    before: DocumentVersion,
    scanned: ScannedItem,
    from: JsonText | undefined,
    to: JsonText | undefined,
  ): ItemOutcome {
    if (this.#isOutdated(before, scanned)) return kept(before, before.rev);
    this.#demandShardKeys(before, scanned, true);
    return this.#store(before.key, before, from, to, scanned, scanned.bytes, scanned.runs);
  }

  #update(before: DocumentVersion, patch: ScannedItem, keepNull: boolean): ItemOutcome {
    if (this.#isOutdated(before, patch)) return kept(before, before.rev);
    const [from, to] = patchedEnds(this.#collection, before, patch);
    const changesEnds = patch.attribute(FROM) !== undefined || patch.attribute(TO) !== undefined;
    const isEmpty = patch.runs.length === 0 && !(changesEnds && this.#collection.type === 3);
    const mayKeep = this.#features.emptyPatchKeepsRevision && this.#request.isRestore !== true;
    if (isEmpty && mayKeep) return kept(before, before.rev);
    this.#demandShardKeys(before, patch, false);
    const stored = { bytes: before.buffer, start: before.start, end: before.end };
    const merged = mergeDocuments(stored, patch, { keepNull, mergeObjects: this.#request.mergeObjects ?? true });
    const runs = merged.length === 0 ? [] : [0, merged.length];
    return this.#store(before.key, before, from, to, patch, merged, runs);
  }

  /** Builds the new version, checks it against unique indexes and revisions, and puts it in place. */
  #store(
    key: string,
    before: DocumentVersion | undefined,
    from: JsonText | undefined,
    to: JsonText | undefined,
    given: ScannedItem,
    bytes: Buffer,
    runs: readonly number[],
  ): WrittenItem {
    const givenRevision = this.#request.isRestore === true ? revisionIn(given) : undefined;
    let high: number;
    let low: number;
    if (givenRevision === undefined) {
      this.#clock.tick();
      high = this.#clock.high;
      low = this.#clock.low;
    } else ({ high, low } = parseRevision(givenRevision.value));
    const version = this.#builder.build(this.#collection, key, { from, to, high, low, givenRevision, bytes, runs });
    this.#demandFreeRevision(version);
    this.#demandUnique(version, before);
    this.#view.put(version, before);
    return { ok: true, key, rev: version.rev, oldRev: before?.rev, newDocument: version, oldDocument: before };
  }

  /**
   * Two documents of one shard with the same revision destroy each other in a real server (4.4, "the danger"): it must
   * show, so that a wrong mapping of shards is caught.
   */
  #demandFreeRevision(version: DocumentVersion): void {
    const other = this.#view.withRevision(version.revisionHigh, version.revisionLow);
    if (other === undefined || other.key === version.key) return;
    const text = `lock timeout: revision ${version.rev} of document '${version.key}' is that of document '${other.key}'`;
    throw new EngineError(18, text);
  }

  #demandUnique(version: DocumentVersion, before: DocumentVersion | undefined): void {
    for (const index of this.#collection.uniqueIndexes) {
      for (const entry of index.entriesOf(version)) {
        this.#view.lockEntry(index, entry);
        const owner = this.#view.owner(index, entry);
        if (owner !== undefined && owner.key !== before?.key) throw index.violation(owner.key);
      }
    }
  }

  #isOutdated(before: DocumentVersion, given: ScannedItem): boolean {
    const { versionAttribute } = this.#request;
    if (versionAttribute === undefined || !this.#features.versionAttribute) return false;
    return isNotNewer(versionAttribute, { bytes: before.buffer, start: before.start, end: before.end }, given);
  }

  /** 1469 when a shard key would change; not checked with `isRestore` (4.4 no. 7). */
  #demandShardKeys(before: DocumentVersion, given: ScannedItem, isWhole: boolean): void {
    const { shardKeys, isRestore } = this.#request;
    if (shardKeys === undefined || isRestore === true) return;
    const stored = { bytes: before.buffer, start: before.start, end: before.end };
    for (const name of shardKeys) {
      if (name === '_key') continue;
      const path = name.split('.');
      const value = valueAt(given, path);
      if (value === undefined && !isWhole) continue;
      if (canonicalJson(value) !== canonicalJson(valueAt(stored, path))) {
        throw new EngineError(1469, 'must not change the value of a shard key attribute');
      }
    }
  }
}

/** The stored document has not the revision that was demanded. */
class Conflict extends EngineError {
  readonly outcome: FailedItem;

  constructor(stored: DocumentVersion, tellsWhy: boolean) {
    const text = tellsWhy ? 'conflict, _rev values do not match' : 'conflict';
    super(1200, text);
    this.outcome = { ok: false, errorNum: 1200, message: text, key: stored.key, storedRev: stored.rev, demanded: true };
  }
}

function failure(errorNum: number, message: string): FailedItem {
  return { ok: false, errorNum, message, key: undefined, storedRev: undefined, demanded: false };
}

/** Nothing was written: the stored document stays. */
function kept(stored: DocumentVersion, oldRev: string | undefined): WrittenItem {
  return { ok: true, key: stored.key, rev: stored.rev, oldRev, newDocument: stored, oldDocument: stored };
}

function objectOf(item: WriteItem): ScannedItem {
  const scanned = item.text === undefined ? undefined : itemOf(item.text);
  if (scanned?.isObject !== true) throw new EngineError(1227, 'invalid document type');
  return scanned;
}

/** `_rev` as given when it is a text: then it is kept verbatim. */
function revisionIn(scanned: ScannedItem): { text: JsonText; value: string } | undefined {
  const text = scanned.attribute(REV);
  const value = textValue(text);
  return text === undefined || value === undefined ? undefined : { text, value };
}
