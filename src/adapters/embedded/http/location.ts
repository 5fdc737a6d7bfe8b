/** Where a request goes: the URL taken apart (reference 1.1). */
export interface RequestPath {
  readonly database: string;
  /** Behind `/_db/<name>` and `/_arango/<version>`, still encoded, without the query. */
  readonly path: string;
  readonly query: string;
  /** Version of a `/_arango/<version>` prefix. */
  readonly apiVersion: string | undefined;
}

/** Undefined for a database name that is not valid percent-encoded UTF-8. */
export function readPath(url: string): RequestPath | undefined {
  const mark = url.indexOf('?');
  let path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  let database = '_system';
  let apiVersion: string | undefined;
  for (;;) {
    if (path.startsWith('/_db/')) {
      const [name, rest] = part(path, 5);
      const decoded = decodePart(name);
      if (decoded === undefined) return undefined;
      database = decoded;
      path = rest;
    } else if (path.startsWith('/_arango/') && apiVersion === undefined) {
      const [version, rest] = part(path, 9);
      apiVersion = version;
      path = rest;
    } else {
      return { database, path, query, apiVersion };
    }
  }
}

function part(path: string, start: number): [string, string] {
  const slash = path.indexOf('/', start);
  return slash < 0 ? [path.slice(start), '/'] : [path.slice(start, slash), path.slice(slash)];
}

/** One path part decoded; undefined when it is not valid. */
export function decodePart(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
