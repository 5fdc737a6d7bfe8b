import { readFileSync } from 'node:fs';
import type { CapturedAnswer, Scenario } from '../scenario.ts';

/** Captured answers of 3.10.14 and 3.11.14 where they differ from those of 3.12.10, or have none there. */
interface OlderAnswer extends CapturedAnswer {
  /** What was called, where that differs as well. */
  readonly calls?: readonly {
    readonly method: string;
    readonly url: string;
    readonly body?: unknown;
    readonly shown?: 1;
  }[];
}

export type OlderVersion = '3.10' | '3.11';

/** What a version answers otherwise than 3.12.10, by name. */
export function olderAnswers(version: OlderVersion): ReadonlyMap<string, readonly CapturedAnswer[]> {
  return Map.groupBy(readAnswers(version), ({ name }) => name);
}

/** Where a call names what an answer before told. */
const written: readonly Scenario[] = [
  {
    name: 'RestReplicationLoggerFollowEmpty',
    before: ['GET /_api/replication/logger-state'],
    calls: ['GET /_api/replication/logger-follow?from={1.state.lastLogTick}'],
  },
];

/** Scenarios of their own: what was called there for answers that 3.12.10 gave to something else, or not at all. */
export function olderScenarios(version: OlderVersion): readonly Scenario[] {
  const told = readAnswers(version).flatMap(({ name, deployment, calls = [] }): Scenario[] => {
    if (written.some((scenario) => scenario.name === name)) return [];
    const shown = calls.findIndex((call) => call.shown === 1);
    if (shown < 0) return [];
    // What is taken away beforehand is not there on a fresh server.
    const before = calls.slice(0, shown).filter(({ method }) => method === 'POST' || method === 'PUT');
    const textOf = ({ method, url, body }: (typeof calls)[number]) =>
      `${method} ${url}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`;
    const scenario = { name, before: before.map(textOf), calls: calls.slice(shown, shown + 1).map(textOf) };
    return [{ ...scenario, ...(deployment === undefined ? {} : { deployment }) }];
  });
  return [...told, ...written];
}

function readAnswers(version: OlderVersion): readonly OlderAnswer[] {
  return JSON.parse(readFileSync(new URL(`./${version}.json`, import.meta.url), 'utf8')) as OlderAnswer[];
}
