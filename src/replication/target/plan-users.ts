import { canonicalAttributes, canonicalJson } from '../exact-json.ts';
import type { UserDocument } from '../users/user-documents.ts';

/** A user to be written over what the target has under the name. */
export interface UserPut extends UserDocument {
  /** What happens, for the event log: names of attributes, never their values. */
  readonly change: string;
}

export interface UserPlan {
  readonly puts: readonly UserPut[];
  /** Names of users that the source does not have, and that may go. */
  readonly drops: readonly string[];
  /** Names of all that the source does not have: the next complete inventory has to lack them, too (S1). */
  readonly surplus: ReadonlySet<string>;
}

export interface UserRules {
  /** The target keeps its own `root`. */
  readonly excludeRoot: boolean;
  /** Users that two complete inventories in a row lacked (S1). */
  readonly agreed: ReadonlySet<string>;
}

/** No server lets go of it (403/11), and who operates the target logs in with it. */
export const ROOT = 'root';

/** What each deployment draws for itself: the key of the same user is another one there (reference 3.6). */
const IDENTITY: ReadonlySet<string> = new Set(['_key', '_id', '_rev']);

/** Attributes of a user's document, as people call them; any other is called by its name. */
const CALLED: ReadonlyMap<string, string> = new Map([
  ['databases', 'grants'],
  ['userData', 'extra data'],
  ['configData', 'configuration'],
  ['accessTokens', 'access tokens'],
  ['authData', 'password or activity'],
]);

/** What has to be done so that the target has the source's users; pure. */
export function planUsers(
  source: readonly UserDocument[],
  target: readonly UserDocument[],
  { excludeRoot, agreed }: UserRules,
): UserPlan {
  const stored = new Map(target.map((user) => [user.name, user]));
  const wanted = source.filter(({ name }) => !(excludeRoot && name === ROOT));
  const names = new Set(source.map(({ name }) => name));
  const puts = wanted.flatMap((user): UserPut[] => {
    const there = stored.get(user.name);
    if (there === undefined) return [{ ...user, change: `created user ${user.name}` }];
    if (isSameUser(user, there)) return [];
    return [{ ...user, change: `changed ${changedIn(user, there)} of user ${user.name}` }];
  });
  const surplus = target.map(({ name }) => name).filter((name) => name !== ROOT && !names.has(name));
  return { puts, drops: surplus.filter((name) => agreed.has(name)), surplus: new Set(surplus) };
}

/** Whether two documents say the same of a user, whatever their keys and revisions. */
export function isSameUser(a: UserDocument, b: UserDocument): boolean {
  return a.document === b.document || canonicalJson(a.document, IDENTITY) === canonicalJson(b.document, IDENTITY);
}

function changedIn(user: UserDocument, there: UserDocument): string {
  const [now, before] = [canonicalAttributes(user.document), canonicalAttributes(there.document)];
  const names = new Set([...now.keys(), ...before.keys()]);
  const changed = [...names].filter((name) => !IDENTITY.has(name) && now.get(name) !== before.get(name));
  return changed.map((name) => CALLED.get(name) ?? name).join(', ');
}
