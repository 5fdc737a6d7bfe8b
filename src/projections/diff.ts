/** What differs between two values, by JSON pointers (RFC 6901). */
export type Change =
  | { readonly op: 'add'; readonly path: string; readonly after: unknown }
  | { readonly op: 'remove'; readonly path: string; readonly before: unknown }
  | { readonly op: 'replace'; readonly path: string; readonly before: unknown; readonly after: unknown };

/**
 * The changes that lead from one plain JSON value to another, each as deep as it can be told, in the order of the paths.
 * Lists are compared item by item.
 */
export function diffJson(before: unknown, after: unknown, path = ''): readonly Change[] {
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    return diffObjects(before, after, path);
  }
  return Object.is(before, after) ? [] : [{ op: 'replace', path, before, after }];
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

function diffObjects(before: JsonObject, after: JsonObject, path: string): readonly Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name): readonly Change[] => {
    const at = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!Object.hasOwn(before, name)) return [{ op: 'add', path: at, after: after[name] }];
    if (!Object.hasOwn(after, name)) return [{ op: 'remove', path: at, before: before[name] }];
    return diffJson(before[name], after[name], at);
  });
}
