import { EngineError } from '../engine/errors.ts';
import type { Json } from '../engine/types.ts';
import type { Features } from '../versions/features.ts';

const ILLEGAL_NAME = 1208;
const NAME_BYTES_MAX = 256;
const TRADITIONAL = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** A name by the extended rules of 3.12 (reference 3.1, 3.2): what is wrong with it, or undefined. */
function nameProblem(name: string): string | undefined {
  if (name === '') return 'name is empty';
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) return 'name is too long';
  if (name !== name.normalize('NFC')) return 'name is not properly UTF-8 NFC-normalized';
  if (name !== name.trim()) return 'name begins or ends with a space';
  for (const letter of name) {
    const code = letter.codePointAt(0) as number;
    if (code < 0x20 || code === 0x7f || letter === '/') return 'name holds a control character or a slash';
  }
  return undefined;
}

/** The name of an index: as given (400/1208 when it is none), or a generated one. */
export function indexName(given: Json | undefined, generate: () => string): string {
  if (typeof given !== 'string' || given === '') return generate();
  if (nameProblem(given) !== undefined || /^[0-9]/.test(given) || given.includes(':')) {
    throw new EngineError(ILLEGAL_NAME, `illegal name: index name invalid`);
  }
  return given;
}

/** Checks the name of a view: the rules of collections, and no leading underscore. */
export function checkViewName(name: string, { extendedNames }: Features): void {
  const problem = extendedNames || TRADITIONAL.test(name) ? nameProblem(name) : 'name has other letters than it may';
  if (problem !== undefined || /^[0-9_.]/.test(name))
    throw new EngineError(ILLEGAL_NAME, 'illegal name: view name invalid');
}

/** Whether an analyzer may be called so: the traditional rules, in every version. */
export function isAnalyzerName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,253}$/.test(name);
}

/** Whether a graph may be called so: it becomes a document key. */
export function isGraphName(name: string): boolean {
  return /^[A-Za-z0-9_\-:.@()+,=;$!*'%]{1,254}$/.test(name);
}
