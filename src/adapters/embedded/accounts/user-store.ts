import type { FrontCollection } from '../cluster/front.ts';
import { EngineError } from '../engine/errors.ts';
import { scanItems } from '../engine/json/items.ts';
import type { JsonObject } from '../engine/types.ts';

/** The documents of `_system/_users`. */
export interface UserStore {
  load(): Promise<readonly JsonObject[]>;
  /** Makes a document, or replaces the one with this key; tells its key. */
  put(key: string | undefined, document: JsonObject): Promise<string>;
  remove(key: string): Promise<void>;
}

/** The users of a deployment in its own `_users` collection, reached through any server that shows it. */
export class CollectionUserStore implements UserStore {
  readonly #users: () => FrontCollection;

  constructor(users: () => FrontCollection) {
    this.#users = users;
  }

  async load(): Promise<readonly JsonObject[]> {
    const documents: JsonObject[] = [];
    for (const document of await this.#users().documents()) {
      documents.push(JSON.parse(document.bytes().toString('utf8')) as JsonObject);
    }
    return documents;
  }

  async put(key: string | undefined, document: JsonObject): Promise<string> {
    const items = scanItems(Buffer.from(JSON.stringify(document))).items.map((text) =>
      key === undefined ? { text } : { text, key },
    );
    const kind = key === undefined ? 'insert' : 'replace';
    const { outcomes } = await this.#users().write({ kind, items, bulk: false, waitForSync: true });
    const outcome = outcomes[0];
    if (outcome === undefined || !outcome.ok)
      throw new EngineError(outcome?.errorNum ?? 4, outcome?.message ?? 'user not stored');
    return outcome.key;
  }

  async remove(key: string): Promise<void> {
    const { outcomes } = await this.#users().write({
      kind: 'remove',
      items: [{ key }],
      bulk: false,
      waitForSync: true,
    });
    const outcome = outcomes[0];
    if (outcome?.ok === false && outcome.errorNum !== 1202) throw new EngineError(outcome.errorNum, outcome.message);
  }
}
