import { type ArangoAnswer, ArangoError, type ArangoRequest, type ArangoServer } from '../../src/replication/arango.ts';

type Document = Record<string, unknown> & { readonly _key: string; readonly _rev: string };

/** The part of the document API that the control plane's stores use (reference 4.1–4.4), in process. */
export class MinimalArango implements ArangoServer {
  readonly name = 'minimal';
  readonly collections = new Map<string, Map<string, Document>>();
  readonly properties = new Map<string, Record<string, unknown>>([
    ['_users', { isSystem: true, replicationFactor: 2 }],
  ]);
  #revision = 0;

  async json<T>(request: ArangoRequest): Promise<T> {
    const answer = await this.request(request);
    const body = JSON.parse(answer.body.toString('utf8'));
    if (answer.status >= 400) throw new ArangoError(answer.status, body.errorNum, body.errorMessage);
    return body;
  }

  async request(request: ArangoRequest): Promise<ArangoAnswer> {
    const body = request.body === undefined ? undefined : JSON.parse(JSON.stringify(request.body));
    const [kind, name = '', last] = request.path.split('/').slice(2);
    if (kind === 'collection') return this.#collection(request, name, last, body);
    const documents = this.collections.get(name);
    if (documents === undefined) return failure(404, 1203);
    return this.#document({ ...request, body }, documents, last === undefined ? undefined : decodeURIComponent(last));
  }

  #collection(
    request: ArangoRequest,
    name: string,
    last: string | undefined,
    body: Record<string, unknown>,
  ): ArangoAnswer {
    if (request.method === 'POST') {
      const made = String(body.name);
      if (this.properties.has(made)) return failure(409, 1207);
      this.properties.set(made, { waitForSync: false, ...body });
      this.collections.set(made, new Map());
      return answerOf(200, body);
    }
    const properties = this.properties.get(name);
    if (properties === undefined) return failure(404, 1203);
    if (last === 'count') return answerOf(200, { count: this.collections.get(name)?.size ?? 0 });
    if (request.method === 'PUT') Object.assign(properties, body);
    return answerOf(200, properties);
  }

  #document(request: ArangoRequest, documents: Map<string, Document>, key: string | undefined): ArangoAnswer {
    const { method, body, query = {} } = request;
    if (method === 'POST')
      return this.#insert(documents, body as Document, query.overwriteMode === 'replace', query.waitForSync);
    if (key === undefined)
      return answerOf(
        200,
        (body as string[]).map((each) => this.#item(method, documents, each)),
      );
    const found = documents.get(key);
    if (found === undefined) return failure(404, 1202);
    const ifMatch = request.headers?.['if-match'];
    if (ifMatch !== undefined && ifMatch.replaceAll('"', '') !== found._rev) return failure(412, 1200);
    if (method === 'DELETE') documents.delete(key);
    if (method === 'PUT') return this.#store(documents, { ...(body as Document), _key: key }, query.waitForSync);
    return { ...answerOf(200, found), headers: { etag: `"${found._rev}"` } };
  }

  #item(method: string, documents: Map<string, Document>, key: string): unknown {
    const found = documents.get(key);
    if (found === undefined) return { error: true, errorNum: 1202, errorMessage: 'document not found' };
    if (method === 'DELETE') documents.delete(key);
    return found;
  }

  #insert(documents: Map<string, Document>, body: Document, replace: boolean, sync: unknown): ArangoAnswer {
    return documents.has(body._key) && !replace ? failure(409, 1210) : this.#store(documents, body, sync);
  }

  #store(documents: Map<string, Document>, body: Document, sync: unknown): ArangoAnswer {
    this.#revision += 1;
    const stored = { ...body, _id: `c/${body._key}`, _rev: `r${this.#revision}` };
    documents.set(body._key, stored);
    return answerOf(sync === true ? 201 : 202, { _id: stored._id, _key: stored._key, _rev: stored._rev });
  }
}

function answerOf(status: number, body: unknown): ArangoAnswer {
  return { status, headers: {}, body: Buffer.from(JSON.stringify(body)) };
}

function failure(status: number, errorNum: number): ArangoAnswer {
  return answerOf(status, { error: true, code: status, errorNum, errorMessage: `error ${errorNum}` });
}
