import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '../../../../src/adapters/http/openapi/document.ts';
import { named } from '../../../../src/adapters/http/openapi/operation.ts';
import type { Route } from '../../../../src/adapters/http/routes.ts';
import { ServerMode } from '../../../../src/wire/sync-commands.ts';
import { Conformance, type OpenApi } from '../support/conformance.ts';

const Thing = z.object({ name: z.string(), size: z.number().int().default(0) });
const routes: Route[] = [
  { method: 'GET', path: '/things/:name', rights: 'operator', at: 'leader', handle: () => undefined },
  { method: 'PUT', path: '/things/:name', rights: 'internal', at: 'any', handle: () => undefined },
  { method: 'GET', path: '/metrics', rights: 'monitoring', at: 'any', handle: () => undefined },
  { method: 'GET', path: '/undescribed', rights: 'monitoring', at: 'any', handle: () => undefined },
];
const made = openApiDocument({
  title: 'things',
  version: '1.0.0',
  routes,
  operations: {
    'GET /things/:name': {
      id: 'getThing',
      summary: 'A thing',
      query: { details: { description: 'how much', values: ['full', 'short'] } },
      answer: named('Thing', Thing),
      failures: { 404: 'there is none' },
    },
    'PUT /things/:name': {
      id: 'putThing',
      summary: 'Makes a thing',
      body: named('NewThing', Thing.extend({ mode: ServerMode })),
      answer: named('Nothing', z.object({})),
    },
    'GET /metrics': { id: 'getMetrics', summary: 'Figures', answer: 'text' },
  },
});
const document = made as unknown as OpenApi & { readonly components: { readonly schemas: Record<string, unknown> } };

describe('an OpenAPI document of a table of routes', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.1');
    expect(await new Validator().validate(structuredClone(made))).toEqual({ valid: true });
  });

  it('lists the described routes with their rights, parameters and statuses', () => {
    expect(Object.keys(document.paths)).toEqual(['/things/{name}', '/metrics']);
    const { get, put } = document.paths['/things/{name}'] ?? {};
    expect(get).toMatchObject({ security: [{ jwt: [] }, { basic: [] }, { clientCertificate: [] }] });
    expect(put).toMatchObject({ security: [{ jwt: [] }] });
    expect(Object.keys(get?.responses ?? {})).toEqual(['200', '400', '401', '403', '404', '500', '503']);
    expect(get?.parameters.map(({ name }) => name)).toEqual([
      'name',
      'details',
      'X-ArangoSync-Client-ID',
      'X-Allow-Forward-To-Leader',
    ]);
  });

  it('lets a caller leave out what has a default, and promises it in answers', () => {
    const { NewThing, Thing: answered } = document.components.schemas;
    expect(NewThing).toMatchObject({ required: ['name'], properties: { mode: { enum: ['', 'default', 'readonly'] } } });
    expect(answered).toMatchObject({ required: ['name', 'size'], additionalProperties: false });
  });
});

describe('the check against a document', () => {
  const conformance = new Conformance(document);
  const json = { method: 'GET', path: '/things/x', status: 200, contentType: 'application/json; charset=UTF-8' };

  it('passes what is as described', () => {
    conformance.check({ ...json, path: '/things/x?details=', text: '{"name":"x","size":1}' });
    conformance.check({ ...json, status: 404, text: '{"error":"none"}' });
    conformance.check({ ...json, method: 'PUT', requestBody: '{"name":"x","more":1}', text: '{}' });
    conformance.check({ ...json, path: '/metrics', contentType: 'text/plain; version=0.0.4', text: 'a 1' });
  });

  it.each([
    ['a field that is missing', { ...json, text: '{"name":"x"}' }],
    ['a field of another type', { ...json, text: '{"name":"x","size":1.5}' }],
    ['a field that is not described', { ...json, text: '{"name":"x","size":1,"more":2}' }],
    ['a status that is not described', { ...json, status: 201, text: '{"name":"x","size":1}' }],
    ['an error that is no text', { ...json, status: 404, text: '{"error":{}}' }],
    ['another content type', { ...json, contentType: 'text/plain', text: '{"name":"x","size":1}' }],
    ['a query parameter that is not described', { ...json, path: '/things/x?y=1', text: '{"name":"x","size":1}' }],
    ['a value that is not allowed', { ...json, path: '/things/x?details=all', text: '{"name":"x","size":1}' }],
    ['a request that is wrong', { ...json, method: 'PUT', requestBody: '{"name":1}', text: '{}' }],
    ['a call that is not described', { ...json, path: '/undescribed', text: '{}' }],
  ])('refuses %s', (_what, exchange) => {
    expect(() => conformance.check(exchange)).toThrow();
  });
});
