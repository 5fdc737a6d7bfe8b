import type { FrontDatabase } from '../cluster/front.ts';
import {
  type AnalyzerDefinition,
  analyzerDocument,
  analyzerNamesIn,
  BUILT_IN_ANALYZERS,
  describeAnalyzer,
  isBuiltIn,
  isSameAnalyzer,
  normaliseAnalyzer,
  splitAnalyzerName,
} from '../definitions/analyzer.ts';
import { isAnalyzerName } from '../definitions/names.ts';
import type { Json } from '../engine/types.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, merged, type Reply, result } from '../http/reply.ts';
import { atLeast, databaseLevel, needDatabase } from '../http/rights.ts';
import { analyzerCollection, analyzersOf, usableAnalyzers } from './analyzers-of.ts';
import { databaseOf } from './lookup.ts';
import { readAll, writeOne } from './stored-json.ts';

const DOCUMENT_NOT_FOUND = 1202;
const CONFLICT = 1200;

/** `/_api/analyzer` (reference 3.4). */
export function registerAnalyzer(router: Router): void {
  router.prefix('/_api/analyzer', { GET: readAnalyzers, POST: createAnalyzer, DELETE: removeAnalyzer });
}

async function readAnalyzers(request: ApiRequest): Promise<Reply> {
  const [name, ...more] = request.suffix;
  if (more.length > 0) throw new ArangoApiError(10, 'expecting GET /_api/analyzer[/<analyzer-name>]');
  return name === undefined ? listAnalyzers(request) : readAnalyzer(request, name);
}

async function listAnalyzers(request: ApiRequest): Promise<Reply> {
  const listed = BUILT_IN_ANALYZERS.map((analyzer) => describeAnalyzer('', analyzer));
  for (const name of new Set([request.database, '_system'])) {
    const database = request.server.front.database(name);
    if (database === undefined || !atLeast(databaseLevel(request, name), 'ro')) continue;
    listed.push(...(await analyzersOf(database)).map((analyzer) => describeAnalyzer(name, analyzer)));
  }
  return result(200, listed);
}

async function readAnalyzer(request: ApiRequest, text: string): Promise<Reply> {
  const owner = ownerOf(request, text);
  if (owner !== request.database && owner !== '_system') {
    const others = request.database === '_system' ? '' : ' or system database';
    throw new ArangoApiError(
      11,
      `Analyzer '${text}' is not accessible. Only analyzers from current database ('${request.database}')${others} are available`,
    );
  }
  needDatabase(request, 'ro', owner);
  const analyzer = (await usableAnalyzers(request)).find(text);
  if (analyzer === undefined) {
    throw new ArangoApiError(DOCUMENT_NOT_FOUND, `unable to find analyzer: ${fullName(owner, text)}`);
  }
  // In the order of the server's hash table [E 3.12].
  const { name, type, properties, features } = describeAnalyzer(owner, analyzer);
  return merged(200, { features, properties, type, name });
}

/** The database that an analyzer's name points to. */
function ownerOf(request: ApiRequest, text: string): string {
  const { database } = splitAnalyzerName(text);
  if (database === undefined) return request.database;
  return database === '' ? '_system' : database;
}

function fullName(database: string, text: string): string {
  return `${database}::${splitAnalyzerName(text).name}`;
}

async function createAnalyzer(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length > 0) throw new ArangoApiError(10, 'expecting POST /_api/analyzer');
  const body = parseBody(request) ?? null;
  if (isObject(body) && Object.keys(body).length === 0) throw new ArangoApiError(600);
  refuseForeignName(request, isObject(body) ? body.name : undefined);
  const analyzer = normaliseAnalyzer(body);
  needDatabase(request, 'rw');
  const database = databaseOf(request);
  const known = isBuiltIn(analyzer.name)
    ? BUILT_IN_ANALYZERS.find(({ name }) => name === analyzer.name)
    : (await analyzersOf(database)).find(({ name }) => name === analyzer.name);
  if (known !== undefined) return existing(request, known, analyzer);
  await store(database, analyzer);
  return json(201, describeAnalyzer(request.database, analyzer));
}

function existing(request: ApiRequest, known: AnalyzerDefinition, wanted: AnalyzerDefinition): Reply {
  if (isSameAnalyzer(known, wanted)) return json(200, describeAnalyzer(request.database, known));
  throw new ArangoApiError(
    10,
    `name collision detected while registering an arangosearch analyzer, name '${fullName(request.database, wanted.name)}' type '${wanted.type}' properties '${JSON.stringify(wanted.properties)}', previous registration type '${known.type}' properties '${JSON.stringify(known.properties)}'`,
  );
}

async function store(database: FrontDatabase, analyzer: AnalyzerDefinition): Promise<void> {
  const collection = analyzerCollection(database);
  const revisions = (await readAll(collection)).map(({ revision }) => (typeof revision === 'number' ? revision : 0));
  const document = analyzerDocument(analyzer, Math.max(0, ...revisions) + 1);
  await writeOne(collection, 'insert', analyzer.name, document);
  database.analyzersChanged();
}

function refuseForeignName(request: ApiRequest, name: Json | undefined): void {
  if (typeof name !== 'string' || ownerOf(request, name) === request.database) return;
  throw new ArangoApiError(11, 'Database in analyzer name does not match current database');
}

async function removeAnalyzer(request: ApiRequest): Promise<Reply> {
  const [text, ...more] = request.suffix;
  if (text === undefined || more.length > 0) {
    throw new ArangoApiError(10, 'expecting DELETE /_api/analyzer/<analyzer-name>[?force=true]');
  }
  const { name } = splitAnalyzerName(text);
  if (!isAnalyzerName(name)) throw new ArangoApiError(10, `Invalid characters in analyzer name '${name}'.`);
  refuseForeignName(request, text);
  needDatabase(request, 'rw');
  if (isBuiltIn(name)) throw new ArangoApiError(11, 'built-in analyzers cannot be removed');
  const database = databaseOf(request);
  const full = fullName(request.database, name);
  if (!(await analyzersOf(database)).some((analyzer) => analyzer.name === name)) {
    throw new ArangoApiError(
      DOCUMENT_NOT_FOUND,
      `failure to find analyzer while removing arangosearch analyzer '${full}'`,
    );
  }
  if (!request.query.flag('force', false) && isUsed(request, name)) {
    throw new ArangoApiError(CONFLICT, `analyzer in-use while removing arangosearch analyzer '${full}'`);
  }
  await writeOne(analyzerCollection(database), 'remove', name, undefined);
  database.analyzersChanged();
  return merged(200, { name: full });
}

/** Whether a view or an inverted index that can see the analyzer names it. */
function isUsed(request: ApiRequest, name: string): boolean {
  const databases = request.server.front
    .databases()
    .filter((database) => database.name === request.database || request.database === '_system');
  return databases.some((database) => {
    const own = database.name === request.database ? [name] : [];
    const spellings = [
      ...own,
      `${request.database}::${name}`,
      ...(request.database === '_system' ? [`::${name}`] : []),
    ];
    const definitions = [
      ...database.views().map((view) => view.links),
      ...database.collections().flatMap((collection) => collection.indexes.filter(({ type }) => type === 'inverted')),
    ];
    return definitions.some((definition) => analyzerNamesIn(definition).some((used) => spellings.includes(used)));
  });
}
