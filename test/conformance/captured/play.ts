import { callServer, type ServerAnswer } from './call-server.ts';
import type { Call, CallWithMore, Scenario } from './scenario.ts';

const ATTEMPTS_MAX = 200;
const PAUSE_MS = 5;

/** Plays a scenario against a server: the answers to its calls, without those that were not printed. */
export async function play(endpoint: string, scenario: Scenario): Promise<readonly ServerAnswer[]> {
  const answers: ServerAnswer[] = [];
  for (const call of scenario.before ?? []) {
    const answer = await send(endpoint, detailed(call), answers);
    if (answer.status >= 400) throw new Error(`${detailed(call).call} answered ${answer.status}: ${answer.text}`);
    answers.push(answer);
  }
  const shown: ServerAnswer[] = [];
  for (const call of scenario.calls) {
    const details = detailed(call);
    const answer = await send(endpoint, details, answers);
    answers.push(answer);
    if (details.isUnseen !== true) shown.push(answer);
  }
  return shown;
}

function detailed(call: Call): CallWithMore {
  return typeof call === 'string' ? { call } : call;
}

async function send(endpoint: string, call: CallWithMore, before: readonly ServerAnswer[]): Promise<ServerAnswer> {
  const { method, path, body } = parsed(filled(call.call, before));
  const headers = Object.fromEntries(
    Object.entries(call.headers ?? {}).map(([name, value]) => [name, filled(value, before)]),
  );
  for (let attempt = 1; ; attempt++) {
    const answer = await callServer(endpoint, method, path, headers, body);
    if (call.untilStatus === undefined || answer.status === call.untilStatus) return answer;
    if (attempt === ATTEMPTS_MAX) throw new Error(`${call.call} stays at ${answer.status}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** `POST /_api/x {…}`: method, URL, body. */
function parsed(call: string): { readonly method: string; readonly path: string; readonly body: string } {
  const [, method, path, body] = /^(\w+) (\S+)(?: (.*))?$/s.exec(call) ?? [];
  if (method === undefined || path === undefined) throw new Error(`not a call: ${call}`);
  return { method, path, body: body ?? '' };
}

/** Puts what earlier answers told in the place of `{2.id}` and `{2.#etag}`. */
function filled(text: string, before: readonly ServerAnswer[]): string {
  return text.replace(/\{(\d+)\.([^{}]+)\}/g, (_whole, number: string, what: string) => {
    const answer = before[Number(number) - 1];
    if (answer === undefined) throw new Error(`no answer ${number} yet for ${text}`);
    const value = what.startsWith('#') ? answer.headers[what.slice(1)]?.replaceAll('"', '') : attribute(answer, what);
    if (value === undefined) throw new Error(`answer ${number} has no ${what}: ${answer.text}`);
    return value;
  });
}

function attribute(answer: ServerAnswer, path: string): string | undefined {
  let value: unknown = JSON.parse(answer.text);
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
