/**
 * What was done before a real server gave an answer, and the call that it answered; in our own table form.
 *
 * A call is one text: method, URL, and what follows is the body as it is sent. `{2.id}` stands for an attribute of the
 * answer to the second call of the scenario (counted from 1), `{2.#etag}` for a header of it, without quotes.
 */
export interface Scenario {
  /** Name of the captured answer. */
  readonly name: string;
  readonly deployment?: 'cluster';
  /** Asked of the last coordinator, which does not run Foxx's queues. */
  readonly isAskedOfAnother?: true;
  /** Calls that prepare; their answers only have to be no error. */
  readonly before?: readonly Call[];
  /** The calls whose answers were captured, in the order of the capture's steps. */
  readonly calls: readonly Call[];
  /** Lists and maps of this answer have no order that means something (reference 3.2, 3.4). */
  readonly isUnordered?: true;
}

export type Call = string | CallWithMore;

export interface CallWithMore {
  readonly call: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Repeated until this status comes. */
  readonly untilStatus?: number;
  /** Its answer was not printed when the others were captured. */
  readonly isUnseen?: true;
}

/** A captured answer. Headers are those beside the standard ones; `body` null is no body. */
export interface CapturedAnswer {
  readonly name: string;
  readonly step?: number;
  readonly deployment?: 'cluster';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** One call, one answer. */
export function asked(name: string, call: Call, ...before: readonly Call[]): Scenario {
  return { name, before, calls: [call] };
}

/** A document collection made with nothing but its name and type. */
export function collection(name: string, type: 2 | 3 = 2): string {
  return `POST /_api/collection {"name":"${name}","type":${type}}`;
}

/** One whose writes are synced. */
export function syncedCollection(name: string): string {
  return `POST /_api/collection {"waitForSync":true,"name":"${name}","type":2}`;
}
