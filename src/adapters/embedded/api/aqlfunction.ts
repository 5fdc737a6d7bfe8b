import type { FrontCollection } from '../cluster/front.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { merged, type Reply, result } from '../http/reply.ts';
import { needDatabase } from '../http/rights.ts';
import { findCollection } from './document-find.ts';
import { readAll, writeOne } from './stored-json.ts';

const INVALID_NAME = 1580;
const INVALID_CODE = 1581;
const FUNCTION_NOT_FOUND = 1582;

/** `/_api/aqlfunction`: user functions as documents of `_aqlfunctions` (reference 3.5). They are kept, never run. */
export function registerAqlFunction(router: Router): void {
  router.prefix('/_api/aqlfunction', { GET: listFunctions, POST: putFunction, DELETE: removeFunctions });
}

function functionsOf(request: ApiRequest): FrontCollection {
  return findCollection(request, '_aqlfunctions');
}

async function listFunctions(request: ApiRequest): Promise<Reply> {
  const [inPath, ...more] = request.suffix;
  if (more.length > 0) throw new ArangoApiError(601);
  const namespace = inPath ?? request.query.text('namespace') ?? request.query.text('prefix') ?? '';
  const found = (await readAll(functionsOf(request))).filter((entry) => isWithin(entry, namespace));
  return result(
    200,
    found.map(({ name, code, isDeterministic }) => ({ name, code: givenCode(code), isDeterministic })),
  );
}

/** The server keeps the text in brackets, and tells it without. */
function givenCode(stored: Json | undefined): string {
  return String(stored).slice(1, -1).trim();
}

function isWithin(entry: JsonObject, namespace: string): boolean {
  if (namespace === '') return true;
  const prefix = namespace.endsWith('::') ? namespace : `${namespace}::`;
  return String(entry.name).toUpperCase().startsWith(prefix.toUpperCase());
}

async function putFunction(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length > 0) throw new ArangoApiError(601);
  const body = parseBody(request);
  if (!isObject(body)) throw new ArangoApiError(17, 'expecting JSON object body');
  const { name, code } = body;
  if (typeof name !== 'string') {
    throw new ArangoApiError(INVALID_NAME, 'function name has to be provided as a string');
  }
  if (!/^[A-Za-z0-9]\w*(::\w+)+$/.test(name)) {
    throw new ArangoApiError(INVALID_NAME, `error creating AQL user function: '${name}' is not a valid name`);
  }
  if (typeof code !== 'string' || code === '') {
    throw new ArangoApiError(INVALID_CODE, 'expecting string with function definition');
  }
  needDatabase(request, 'rw');
  const functions = functionsOf(request);
  const key = name.toUpperCase();
  const isNewlyCreated = (await functions.get(key)) === undefined;
  const document = { name, code: `(${code}\n)`, isDeterministic: body.isDeterministic === true };
  await writeOne(functions, isNewlyCreated ? 'insert' : 'replace', key, document);
  return merged(isNewlyCreated ? 201 : 200, { isNewlyCreated });
}

async function removeFunctions(request: ApiRequest): Promise<Reply> {
  const [name, ...more] = request.suffix;
  if (name === undefined || more.length > 0) throw new ArangoApiError(601);
  needDatabase(request, 'rw');
  const functions = functionsOf(request);
  const isGroup = request.query.flag('group', false);
  const doomed = (await readAll(functions)).filter((entry) =>
    isGroup ? isWithin(entry, name) : entry._key === name.toUpperCase(),
  );
  if (!isGroup && doomed.length === 0)
    throw new ArangoApiError(FUNCTION_NOT_FOUND, `no AQL user function with name '${name}' found`);
  for (const entry of doomed) await writeOne(functions, 'remove', String(entry._key), undefined);
  return merged(200, { deletedCount: doomed.length });
}
