import { ArangoError, type ArangoServer } from '../arango.ts';
import { Batcher } from './batcher.ts';
import { FloorDocument, ShardDocument } from './checkpoint-documents.ts';

export const CHECKPOINTS = '_sync_checkpoints';
/** Documents of one request. */
const DOCUMENTS_PER_REQUEST = 1_000;
/** Copies of the collection where the target has the servers for it. */
const REPLICATION_FACTOR = 2;

const DUPLICATE_NAME = 1207;
const UNIQUE_CONSTRAINT = 1210;
const NOT_FOUND = 1202;
const CONFLICT = 1200;

/** `superseded`: another engine wrote the shard's checkpoint since we read it; the shard is not ours any longer. */
export type SaveOutcome =
  | { readonly kind: 'saved'; readonly document: ShardDocument }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'failed'; readonly reason: string };

interface Item {
  readonly error?: boolean;
  readonly errorNum?: number;
  readonly errorMessage?: string;
  readonly _rev?: string;
}

/**
 * Documents of `_sync_checkpoints`, many in one request. A shard's document is replaced only as it was read or written
 * last, so that of two engines that hold a shard at once one learns it. Everything is synced: what was acknowledged to
 * the source as durable must survive a power cut.
 */
export class CheckpointStore {
  readonly #front: ArangoServer;
  readonly #load: Batcher<string, unknown>;
  readonly #save: Batcher<ShardDocument, SaveOutcome>;
  /** Revision of each shard's document as we read or wrote it last. */
  readonly #revisions = new Map<string, string>();

  constructor(front: ArangoServer) {
    this.#front = front;
    this.#load = new Batcher(DOCUMENTS_PER_REQUEST, (keys) => this.#get(keys));
    this.#save = new Batcher(DOCUMENTS_PER_REQUEST, (documents) => this.#replace(documents));
  }

  /** Makes the collection when it is missing. */
  async prepare(dbServers: number, signal: AbortSignal): Promise<void> {
    // The target is read-only, and not every version may let us make what is there already (reference 2.2).
    if (await this.#isThere(signal)) return;
    const body = {
      name: CHECKPOINTS,
      isSystem: true,
      numberOfShards: 1,
      replicationFactor: Math.max(1, Math.min(REPLICATION_FACTOR, dbServers)),
    };
    try {
      await this.#front.json({ method: 'POST', path: '/_api/collection', body, signal });
    } catch (error) {
      if (!(error instanceof ArangoError) || error.errorNum !== DUPLICATE_NAME) throw error;
    }
  }

  async #isThere(signal: AbortSignal): Promise<boolean> {
    const path = `/_api/collection/${CHECKPOINTS}`;
    return (await this.#front.request({ method: 'GET', path, signal })).status === 200;
  }

  async shard(key: string): Promise<ShardDocument | undefined> {
    const document = ShardDocument.safeParse(await this.#load.add(key)).data;
    if (document?._rev !== undefined) this.#revisions.set(key, document._rev);
    return document;
  }

  async floor(key: string): Promise<FloorDocument | undefined> {
    return FloorDocument.safeParse(await this.#load.add(key)).data;
  }

  /** Any documents, by key; undefined where there is none. */
  documents(keys: readonly string[]): Promise<readonly unknown[]> {
    return Promise.all(keys.map((key) => this.#load.add(key)));
  }

  /**
   * Replaces a shard's document. Of several for one shard that wait at the same time the last is written, and is the
   * outcome of all.
   */
  save(document: ShardDocument): Promise<SaveOutcome> {
    return this.#save.add(document);
  }

  /** Writes documents that one engine alone writes. Throws when any of them was not written. */
  async put(documents: readonly object[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < documents.length; at += DOCUMENTS_PER_REQUEST) {
      const items = await this.#front.json<Item[]>({
        method: 'POST',
        path: `/_api/document/${CHECKPOINTS}`,
        query: { overwriteMode: 'replace', waitForSync: true },
        body: documents.slice(at, at + DOCUMENTS_PER_REQUEST),
        repeatable: true,
        signal,
      });
      const failed = items.find(({ error }) => error === true);
      if (failed !== undefined) throw new ArangoError(409, failed.errorNum ?? 0, `${CHECKPOINTS}: ${textOf(failed)}`);
    }
  }

  /** Removes documents; absent ones are fine. */
  async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    const path = `/_api/document/${CHECKPOINTS}`;
    await this.#front.json({ method: 'DELETE', path, body: keys, repeatable: true, signal });
  }

  async #get(keys: readonly string[]): Promise<readonly unknown[]> {
    const items = await this.#front.json<Item[]>({
      method: 'PUT',
      path: `/_api/document/${CHECKPOINTS}`,
      query: { onlyget: true },
      body: keys,
      repeatable: true,
    });
    return items.map((item) => {
      if (item.error !== true) return item;
      if (item.errorNum === NOT_FOUND) return undefined;
      throw new ArangoError(500, item.errorNum ?? 0, `${CHECKPOINTS}: ${textOf(item)}`);
    });
  }

  async #replace(documents: readonly ShardDocument[]): Promise<readonly SaveOutcome[]> {
    const last = [...new Map(documents.map((document) => [document._key, document])).values()];
    const known = last.flatMap((document) => {
      const _rev = this.#revisions.get(document._key);
      return _rev === undefined ? [] : [{ ...document, _rev }];
    });
    const fresh = last.filter(({ _key }) => !this.#revisions.has(_key));
    const outcomes = new Map<string, SaveOutcome>();
    for (const [method, part] of [
      ['PUT', known],
      ['POST', fresh],
    ] as const) {
      for (const [key, outcome] of await this.#write(method, part)) outcomes.set(key, outcome);
    }
    return documents.map(({ _key }) => outcomes.get(_key) ?? { kind: 'failed', reason: 'no answer for it' });
  }

  async #write(method: 'PUT' | 'POST', documents: readonly ShardDocument[]): Promise<[string, SaveOutcome][]> {
    if (documents.length === 0) return [];
    const items = await this.#front.json<Item[]>({
      method,
      path: `/_api/document/${CHECKPOINTS}`,
      query: { waitForSync: true, ...(method === 'PUT' ? { ignoreRevs: false } : {}) },
      body: documents,
      // A repetition of what was done already meets its own revision: settled below, by the owner.
      repeatable: true,
    });
    const outcomes = documents.map((document, index) => this.#outcome(document, items[index] ?? {}));
    return Promise.all(outcomes);
  }

  async #outcome(document: ShardDocument, item: Item): Promise<[string, SaveOutcome]> {
    const { _key } = document;
    if (item.error !== true) return [_key, this.#saved(document, item._rev)];
    const contested = item.errorNum === CONFLICT || item.errorNum === UNIQUE_CONSTRAINT || item.errorNum === NOT_FOUND;
    if (!contested) return [_key, { kind: 'failed', reason: textOf(item) }];
    const [stored] = await this.#get([_key]);
    const theirs = ShardDocument.safeParse(stored).data;
    if (theirs === undefined || theirs.owner !== document.owner) {
      this.#revisions.delete(_key);
      return [_key, { kind: 'superseded' }];
    }
    // Our own write whose answer was lost: what is stored counts, and the next one goes from its revision.
    return [_key, this.#saved(theirs, theirs._rev)];
  }

  #saved(document: ShardDocument, revision: string | undefined): SaveOutcome {
    if (revision === undefined) this.#revisions.delete(document._key);
    else this.#revisions.set(document._key, revision);
    return { kind: 'saved', document };
  }
}

function textOf(item: Item): string {
  return `error ${item.errorNum ?? 0}, ${item.errorMessage ?? 'without a message'}`;
}
