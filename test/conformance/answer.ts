import { expect } from 'vitest';

/** An answer of a server: status, headers with lower-case names, the body's text, and the body as JSON. */
export class Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;

  constructor(status: number, headers: Headers, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  /** The body as JSON; undefined without one. */
  get body(): unknown {
    return this.text === '' ? undefined : JSON.parse(this.text);
  }

  /** The body as a list. */
  get list(): readonly unknown[] {
    const { body } = this;
    if (!Array.isArray(body)) throw new Error(`no list: ${this.status} ${this.text}`);
    return body;
  }

  /** The body's lines as JSON, as of dumps and tails. */
  get lines(): readonly Line[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  }

  /** What stands in the body behind a path of attributes, as `result.id` or `0.errorNum`. */
  at(path: string): unknown {
    let value = this.body;
    for (const name of path.split('.')) value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
    return value;
  }

  /** A text in the body; throws when there is none. */
  textAt(path: string): string {
    const value = this.at(path);
    if (typeof value !== 'string') throw new Error(`no text ${path}: ${this.status} ${this.text}`);
    return value;
  }

  /** A header's value; empty when absent. */
  header(name: string): string {
    return this.headers.get(name) ?? '';
  }
}

/** A line of a dump or of a tail. */
export interface Line {
  readonly tick?: string;
  readonly type?: number;
  readonly db?: string;
  readonly cuid?: string;
  readonly tid?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly _key?: string;
  readonly _rev?: string;
}

/** Status and error number as `404/1203` in the reference's words, in the form of reference 1.3. */
export function expectRefusal(answer: Answer, status: number, errorNum: number): void {
  expect({ status: answer.status, body: answer.body }).toMatchObject({
    status,
    body: { error: true, code: status, errorNum, errorMessage: expect.any(String) },
  });
}

/** Fails with the body's text unless the answer has this status. */
export function expectStatus(answer: Answer, ...wanted: readonly number[]): Answer {
  if (!wanted.includes(answer.status)) {
    throw new Error(`expected ${wanted.join(' or ')}, got ${answer.status}: ${answer.text}`);
  }
  return answer;
}
