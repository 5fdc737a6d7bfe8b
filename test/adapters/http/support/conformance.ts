import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Readonly<Record<string, unknown>> }>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Exchange {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly requestBody?: string;
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/**
 * Holds requests and answers against an OpenAPI document: an answer must be what the document promises for its status,
 * and a request that was answered with 200 one that the document allows. Throws with what differs.
 */
export class Conformance {
  readonly #document: OpenApi;
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: OpenApi) {
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(this.#ajv);
    this.#ajv.addSchema(document, 'document');
  }

  check(exchange: Exchange): void {
    const { method, path, status } = exchange;
    const url = new URL(path, 'https://master');
    const operation = this.#find(method, url.pathname);
    const call = `${method} ${url.pathname}`;
    // The door for messages is no part of the table of calls.
    if (url.pathname.startsWith('/_api/mq/direct/')) return;
    if (operation === undefined) {
      if (status !== 404) throw new Error(`${call} is answered with ${status} and not described`);
      return;
    }
    if (status === 200) this.#checkRequest(call, operation, url, exchange.requestBody);
    this.#checkAnswer(call, operation, exchange);
  }

  #checkRequest(call: string, operation: Operation, url: URL, body: string | undefined): void {
    for (const [name, value] of url.searchParams) {
      const parameter = operation.parameters.find((one) => one.in === 'query' && one.name === name);
      if (parameter === undefined) throw new Error(`${call}: the query parameter ${name} is not described`);
      this.#validate(`${call} query ${name}`, parameter.schema, value);
    }
    if (body === undefined) return;
    const schema = operation.requestBody?.content?.['application/json']?.schema;
    if (schema !== undefined) this.#validate(`${call} request`, schema, withoutNulls(JSON.parse(body)));
  }

  #checkAnswer(call: string, operation: Operation, { status, contentType, text }: Exchange): void {
    const response = operation.responses[status];
    if (response === undefined) throw new Error(`${call}: status ${status} is not described`);
    const type = contentType.split(';')[0] ?? '';
    const schema = response.content?.[type]?.schema;
    if (schema === undefined) throw new Error(`${call}: ${status} comes as ${type}, which is not described`);
    for (const value of valuesIn(type, text)) this.#validate(`${call} answer ${status}`, schema, value);
  }

  #validate(what: string, schema: object, value: unknown): void {
    const key = JSON.stringify(schema);
    let validate = this.#compiled.get(key);
    if (validate === undefined) {
      // References are meant from the root of the document.
      validate = this.#ajv.compile(JSON.parse(key.replaceAll('"$ref":"#', '"$ref":"document#')));
      this.#compiled.set(key, validate);
    }
    if (!validate(value)) throw new Error(`${what}: ${this.#ajv.errorsText(validate.errors)}`);
  }

  #find(method: string, path: string): Operation | undefined {
    const segments = path.split('/');
    const matching = Object.entries(this.#document.paths).filter(
      ([template, operations]) => method.toLowerCase() in operations && matches(template.split('/'), segments),
    );
    // A literal segment is meant before a parameter.
    const [best] = matching.sort(([a], [b]) => a.split('{').length - b.split('{').length);
    return best?.[1][method.toLowerCase()];
  }
}

/** A field that is null counts as absent. */
function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, member) => member ?? undefined));
}

function matches(template: readonly string[], segments: readonly string[]): boolean {
  if (template.length !== segments.length) return false;
  return template.every((part, index) => (part.startsWith('{') ? segments[index] !== '' : part === segments[index]));
}

/** JSON lines are held against the schema one by one. */
function valuesIn(type: string, text: string): readonly unknown[] {
  if (type === 'application/json') return [JSON.parse(text)];
  if (type !== 'application/x-ndjson') return [text];
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
