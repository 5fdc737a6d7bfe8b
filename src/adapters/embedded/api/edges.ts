import { textValue, valueAt } from '../engine/json/members.ts';
import type { StoredDocument } from '../engine/types.ts';
import { parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { jsonText, type Reply } from '../http/reply.ts';
import { needCollection } from '../http/rights.ts';
import type { Features } from '../versions/features.ts';
import { findCollection, operationOf } from './document-find.ts';

const BAD_HANDLE = 1205;
const WRONG_TYPE = 1218;
const EDGE_TYPE = 3;

type Direction = 'in' | 'out' | 'any';

/** `/_api/edges/{collection}`: the edges of a vertex (GET), or of several (POST); reference 3.5. */
export function registerEdges(router: Router): void {
  router.prefix('/_api/edges', { GET: readEdges, POST: readEdgesOfMany });
}

function readEdges(request: ApiRequest): Promise<Reply> {
  const vertex = request.query.text('vertex') ?? '';
  if (vertex === '') throw new ArangoApiError(BAD_HANDLE, 'illegal document handle');
  return answer(request, 'GET', [vertex]);
}

function readEdgesOfMany(request: ApiRequest): Promise<Reply> {
  const vertices = parseBody(request);
  if (!Array.isArray(vertices)) {
    throw new ArangoApiError(400, "Expected an array of vertex _id's in body parameter");
  }
  return answer(
    request,
    'POST',
    vertices.filter((vertex): vertex is string => typeof vertex === 'string'),
  );
}

async function answer(request: ApiRequest, method: string, vertices: readonly string[]): Promise<Reply> {
  const startedAt = performance.now();
  const [name, ...more] = request.suffix;
  if (name === undefined || more.length > 0) {
    throw new ArangoApiError(
      400,
      `expected ${method} /_api/edges/<collection-identifier>?vertex=<vertex-handle>&direction=<direction>`,
    );
  }
  const direction = directionOf(request);
  const collection = findCollection(request, name);
  needCollection(request, collection.name, 'ro');
  if (collection.type !== EDGE_TYPE) throw new ArangoApiError(WRONG_TYPE, 'collection type invalid');
  const documents = await collection.documents(operationOf(request));
  const wanted = new Set(vertices);
  const edges: StoredDocument[] = [];
  for (const edge of documents) if (touches(edge, wanted, direction)) edges.push(edge);
  return edgesReply(edges, (performance.now() - startedAt) / 1000, request.server.features);
}

function directionOf(request: ApiRequest): Direction {
  const direction = request.query.text('direction') ?? 'any';
  if (direction === 'in' || direction === 'out' || direction === 'any') return direction;
  throw new ArangoApiError(400, `<direction> must by any, in, or out, not: ${direction}`);
}

function touches(edge: StoredDocument, vertices: ReadonlySet<string>, direction: Direction): boolean {
  const from = direction !== 'in' && isOneOf(edge, '_from', vertices);
  return from || (direction !== 'out' && isOneOf(edge, '_to', vertices));
}

function isOneOf(edge: StoredDocument, end: '_from' | '_to', vertices: ReadonlySet<string>): boolean {
  const bytes = edge.bytes();
  const vertex = textValue(valueAt({ bytes, start: 0, end: bytes.length }, [end]));
  return vertex !== undefined && vertices.has(vertex);
}

/** Documents go out as the bytes that they are. */
function edgesReply(edges: readonly StoredDocument[], executionTime: number, features: Features): Reply {
  const parts: Buffer[] = [Buffer.from('{"edges":[')];
  for (const [position, edge] of edges.entries()) {
    if (position > 0) parts.push(COMMA);
    parts.push(edge.bytes());
  }
  const stats = {
    writesExecuted: 0,
    writesIgnored: 0,
    ...(features.lookupsInStats ? { documentLookups: edges.length, seeks: 0 } : {}),
    scannedFull: 0,
    scannedIndex: edges.length,
    ...(features.lookupsInStats ? { searchParallelism: 1 } : {}),
    cursorsCreated: 1,
    cursorsRearmed: 0,
    cacheHits: 0,
    cacheMisses: 1,
    filtered: 0,
    httpRequests: 0,
    executionTime,
    peakMemoryUsage: 0,
    ...(features.intermediateCommitsInStats ? { intermediateCommits: 0 } : {}),
  };
  parts.push(Buffer.from(`],"error":false,"code":200,"stats":${JSON.stringify(stats)}}`));
  return { ...jsonText(200, ''), body: parts };
}

const COMMA = Buffer.from(',');
