import { ApiErrorBody } from '../../../wire/api-error.ts';
import type { Rights, Route } from '../routes.ts';
import { componentsOf, type JsonSchema, referenceTo } from './components.ts';
import { type NamedSchema, named, type Operation, type Operations, type QueryParameter } from './operation.ts';

export interface DocumentOptions {
  readonly title: string;
  readonly version: string;
  readonly routes: readonly Pick<Route, 'method' | 'path' | 'rights' | 'at' | 'bodyBytesMax'>[];
  readonly operations: Operations;
}

type DescribedRoute = DocumentOptions['routes'][number];

const error = named('Error', ApiErrorBody);

/**
 * The OpenAPI 3.1 document of a table of routes. A route that `operations` does not describe is left out; a test sees to
 * it that there is none.
 */
export function openApiDocument({ title, version, routes, operations }: DocumentOptions): Record<string, unknown> {
  const described = routes.flatMap((route) => {
    const operation = operations[`${route.method} ${route.path}`];
    return operation === undefined ? [] : [{ route, operation }];
  });
  const bodies = described.flatMap(({ operation }) => operation.body ?? []);
  const answers = described.flatMap(({ operation: { answer } }) => schemaOf(answer));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { route, operation } of described) {
    const path = templateOf(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationObject(route, operation) };
  }
  return {
    openapi: '3.1.1',
    info: { title, version, description },
    paths,
    components: {
      schemas: { ...componentsOf(bodies, 'input'), ...componentsOf([...answers, error], 'output') },
      securitySchemes,
    },
  };
}

const description = [
  'Success is exactly status 200, with {} where there is nothing to say; every other status carries {"error": "text"}.',
  'Durations are integers of nanoseconds, times RFC 3339. Bodies need no Content-Type, unknown fields are ignored.',
  'A query parameter without a value, and a field that is null, count as absent.',
].join(' ');

const securitySchemes = {
  jwt: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'HS256, signed with master.jwtSecret; allowed_paths limits it to those paths',
  },
  monitoringToken: { type: 'http', scheme: 'bearer', description: 'The monitoring token' },
  basic: { type: 'http', scheme: 'basic', description: 'A user of the local ArangoDB with read/write on _system' },
  clientCertificate: { type: 'mutualTLS', description: 'A certificate that server.client-cafile verifies' },
};

const securityOf: Readonly<Record<Rights, readonly (keyof typeof securitySchemes)[]>> = {
  monitoring: ['jwt', 'monitoringToken', 'basic', 'clientCertificate'],
  operator: ['jwt', 'basic', 'clientCertificate'],
  peer: ['jwt', 'clientCertificate'],
  internal: ['jwt'],
};

function operationObject(route: DescribedRoute, operation: Operation): Record<string, unknown> {
  const { id, summary, body } = operation;
  return {
    operationId: id,
    summary,
    parameters: [...pathParameters(route.path), ...queryParameters(operation.query ?? {}), ...headersOf(route)],
    ...(body === undefined ? {} : { requestBody: { content: jsonOf(body) } }),
    responses: responsesOf(route, operation),
    security: securityOf[route.rights].map((scheme) => ({ [scheme]: [] })),
  };
}

function responsesOf(route: DescribedRoute, operation: Operation): Record<string, unknown> {
  const takesInput = route.path.includes(':') || operation.query !== undefined || operation.body !== undefined;
  const refusals: Record<string, string> = {
    ...(takesInput ? { 400: 'the request is wrong; the text names the field' } : {}),
    401: 'nobody is recognised',
    403: 'the caller may not do this',
    ...(operation.body === undefined ? {} : { 413: 'the body is too large' }),
    ...operation.failures,
    500: 'a failure of this process',
    503: 'cannot be served now; try again or elsewhere',
  };
  const refused = Object.entries(refusals).map(([status, why]) => [
    status,
    { description: why, content: jsonOf(error) },
  ]);
  return { 200: { description: 'Done', content: contentOf(operation.answer) }, ...Object.fromEntries(refused) };
}

function schemaOf(answer: Operation['answer']): readonly NamedSchema[] {
  if (answer === 'text') return [];
  return ['lines' in answer ? answer.lines : answer];
}

function contentOf(answer: Operation['answer']): Record<string, unknown> {
  if (answer === 'text') return { 'text/plain': { schema: { type: 'string' } } };
  return 'lines' in answer ? { 'application/x-ndjson': schemaIn(answer.lines) } : jsonOf(answer);
}

function jsonOf(named: NamedSchema): Record<string, unknown> {
  return { 'application/json': schemaIn(named) };
}

function schemaIn({ name }: NamedSchema): Record<string, unknown> {
  return { schema: referenceTo(name) };
}

function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

function pathParameters(path: string): JsonSchema[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => {
    const schema = name === 'index' ? { type: 'integer', minimum: 0 } : { type: 'string', minLength: 1 };
    return { name, in: 'path', required: true, schema };
  });
}

function queryParameters(query: Readonly<Record<string, QueryParameter>>): JsonSchema[] {
  return Object.entries(query).map(([name, { description: text, values }]) => {
    const schema = { type: 'string', ...(values === undefined ? {} : { enum: ['', ...values] }) };
    return { name, in: 'query', allowEmptyValue: true, description: text, schema };
  });
}

function headersOf({ at }: DescribedRoute): JsonSchema[] {
  const clientId = { name: 'X-ArangoSync-Client-ID', in: 'header', schema: { type: 'string' } };
  if (at === 'any') return [clientId];
  const text = 'true lets a master that does not lead forward the call; without it, it answers 503';
  return [clientId, { name: 'X-Allow-Forward-To-Leader', in: 'header', description: text, schema: { type: 'string' } }];
}
