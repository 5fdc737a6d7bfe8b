import type { ArangoRequest } from '../arango.ts';
import type { SearchStep } from './plan-search.ts';

const NOT_FOUND = 1202;
const VIEW_NOT_FOUND = 1203;
const NAME_TAKEN = 1207;
/** A view that links large collections answers when it has read them. */
const VIEW_TIMEOUT_MS = 30 * 60 * 1000;

/** `done`: numbers that say that it was done before. */
export function searchRequestFor(step: SearchStep): {
  readonly request: ArangoRequest;
  readonly done: readonly number[];
} {
  const { database } = step;
  switch (step.kind) {
    case 'create-analyzer':
      // An equal one is success (reference 3.4).
      return { request: { method: 'POST', path: '/_api/analyzer', database, body: step.analyzer }, done: [] };
    case 'drop-analyzer': {
      const path = `/_api/analyzer/${encodeURIComponent(step.name)}`;
      return { request: { method: 'DELETE', path, database, query: { force: true } }, done: [NOT_FOUND] };
    }
    case 'create-view': {
      const { name, type, properties } = step.view;
      const body = { ...properties, name, type };
      const timeoutMs = VIEW_TIMEOUT_MS;
      return { request: { method: 'POST', path: '/_api/view', database, body, timeoutMs }, done: [NAME_TAKEN] };
    }
    case 'change-view': {
      const { name, properties } = step.view;
      const path = `/_api/view/${encodeURIComponent(name)}/properties`;
      return {
        request: { method: 'PUT', path, database, body: properties, timeoutMs: VIEW_TIMEOUT_MS, repeatable: true },
        done: [],
      };
    }
    case 'drop-view': {
      const path = `/_api/view/${encodeURIComponent(step.name)}`;
      return { request: { method: 'DELETE', path, database }, done: [VIEW_NOT_FOUND] };
    }
  }
}

/** What was done, as a sentence for the event log. */
export function describeSearchStep(step: SearchStep): string {
  switch (step.kind) {
    case 'create-analyzer':
      return `created analyzer ${step.database}/${step.analyzer.name}`;
    case 'drop-analyzer':
      return `dropped analyzer ${step.database}/${step.name}: ${step.reason}`;
    case 'create-view':
      return `created view ${step.database}/${step.view.name}`;
    case 'change-view':
      return `changed view ${step.database}/${step.view.name}`;
    case 'drop-view':
      return `dropped view ${step.database}/${step.name}: ${step.reason}`;
  }
}
