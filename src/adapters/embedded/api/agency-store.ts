import type { Json, JsonObject } from '../engine/types.ts';
import { isObject } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { applyOperation } from './agency-operation.ts';
import { holds } from './agency-precondition.ts';
import { agencyTree } from './agency-tree.ts';

/** What the servers keep themselves cannot be written here, but for `Readonly`. */
const own = new Set(['Cluster', 'Plan', 'Current', 'Supervision', 'Sync', 'Target', 'InitDone']);

/** The agency's keys: those of the servers, told as they are, and whatever else is written. */
export class AgencyStore {
  #written: JsonObject = {};
  /** Index of the newest write in the agency's log. */
  index = 1;

  /** One tree from the root with what stands under these paths. */
  read(request: ApiRequest, paths: readonly string[]): Json {
    const root = this.#tree(request);
    let answer: Json = {};
    for (const path of paths) answer = merge(answer, cutOut(root, partsOf(path)));
    return answer;
  }

  /** The log's index, or 0 when a precondition does not hold. */
  write(request: ApiRequest, transaction: readonly Json[]): number {
    const [operations, preconditions] = transaction;
    if (!isObject(operations)) throw new ArangoApiError(20030, 'Agency transaction malformed', 400);
    const root = this.#tree(request);
    if (isObject(preconditions)) {
      for (const [path, condition] of Object.entries(preconditions)) {
        if (!holds(valueAt(root, partsOf(path)), condition as Json)) return 0;
      }
    }
    for (const [path, operation] of Object.entries(operations)) {
      this.#apply(request, partsOf(path), valueAt(root, partsOf(path)), operation as Json);
    }
    return ++this.index;
  }

  #apply(request: ApiRequest, parts: readonly string[], old: Json | undefined, operation: Json): void {
    const value = applyOperation(old, operation);
    if (parts[0] === 'arango' && parts[1] === 'Readonly') {
      request.server.deployment.setReadOnly(value === true);
      return;
    }
    if (parts.length < 2 || (parts[0] === 'arango' && own.has(parts[1] as string))) {
      throw new ArangoApiError(9, `the embedded agency keeps /${parts.join('/')} itself and cannot be written there`);
    }
    this.#written = placed(this.#written, parts, value) as JsonObject;
  }

  #tree(request: ApiRequest): Json {
    return merge(this.#written, { arango: agencyTree(request) });
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function valueAt(tree: Json | undefined, parts: readonly string[]): Json | undefined {
  let value = tree;
  for (const part of parts) value = isObject(value) ? value[part] : undefined;
  return value;
}

/** From the root down to the path; where it ends early, `{}` at the deepest level that exists. */
function cutOut(tree: Json, parts: readonly string[]): Json {
  const [part, ...rest] = parts;
  if (part === undefined) return tree;
  const below = isObject(tree) ? tree[part] : undefined;
  return below === undefined ? {} : { [part]: cutOut(below, rest) };
}

function placed(tree: Json | undefined, parts: readonly string[], value: Json | undefined): Json | undefined {
  const [part, ...rest] = parts;
  if (part === undefined) return value;
  const { [part]: below, ...others } = isObject(tree) ? tree : {};
  const inner = placed(below, rest, value);
  return inner === undefined ? others : { ...others, [part]: inner };
}

function merge(left: Json, right: Json): Json {
  if (!isObject(left) || !isObject(right)) return right;
  const merged: Record<string, Json | undefined> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const other = merged[name];
    merged[name] = other === undefined || value === undefined ? value : merge(other, value);
  }
  return merged;
}
