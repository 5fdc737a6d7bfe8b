/** What happens to a request that matches a rule. */
export type FaultAction =
  /** It waits, before or after its effect. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** It is answered with this error, instead of its effect (`before`) or in spite of it (`after`). */
  | {
      readonly kind: 'fail';
      readonly status: number;
      readonly errorNum?: number | undefined;
      readonly message?: string | undefined;
    }
  /** Its connection is cut, before or after its effect. */
  | { readonly kind: 'cut' }
  /** Its connection is cut at once; the effect happens `ms` later all the same (S4). `when` does not matter. */
  | { readonly kind: 'cut-then-land'; readonly ms: number }
  /** The same, when {@link Faults.release} is called. */
  | { readonly kind: 'cut-then-hold' };

export interface FaultRule {
  /** Server id; default: every server. */
  readonly server?: string;
  /** Default: every method. */
  readonly method?: string;
  /** Found in path and query, e.g. `/_api/document/`. Default: every path. */
  readonly path?: RegExp;
  /** How many matching requests it hits; default: all until it is removed. */
  readonly count?: number;
  /** How many matching requests pass unharmed first. Default 0. */
  readonly skip?: number;
  /** Default `before`. */
  readonly when?: 'before' | 'after';
  readonly action: FaultAction;
}

/** A rule in force. */
export interface Fault {
  readonly id: number;
  readonly rule: FaultRule;
  /** Requests it has hit. */
  readonly hits: number;
  remove(): void;
}

/** The faults of a deployment. Rules are tried in the order they were added; the first that matches acts alone. */
export class Faults {
  readonly #active: ActiveFault[] = [];
  #lastId = 0;
  readonly #held: (() => Promise<unknown>)[] = [];

  add(rule: FaultRule): Fault {
    const fault = new ActiveFault(++this.#lastId, rule, () => this.#remove(fault));
    this.#active.push(fault);
    return fault;
  }

  list(): readonly Fault[] {
    return this.#active;
  }

  clear(): void {
    this.#active.length = 0;
  }

  /** Keeps the effect of a request back. */
  hold(land: () => Promise<unknown>): void {
    this.#held.push(land);
  }

  /** Lets what is held back happen, in the order in which it came; tells how many that were. */
  async release(): Promise<number> {
    const held = this.#held.splice(0);
    for (const land of held) await land();
    return held.length;
  }

  /** The rule that hits this request, counted as a hit; undefined for most. */
  take(server: string, method: string, url: string): FaultRule | undefined {
    if (this.#active.length === 0) return undefined;
    for (const fault of this.#active) {
      if (!fault.matches(server, method, url)) continue;
      fault.seen++;
      if (fault.seen <= (fault.rule.skip ?? 0)) continue;
      fault.hits++;
      if (fault.hits >= (fault.rule.count ?? Number.POSITIVE_INFINITY)) this.#remove(fault);
      return fault.rule;
    }
    return undefined;
  }

  #remove(fault: ActiveFault): void {
    const index = this.#active.indexOf(fault);
    if (index >= 0) this.#active.splice(index, 1);
  }
}

class ActiveFault implements Fault {
  readonly id: number;
  readonly rule: FaultRule;
  readonly remove: () => void;
  seen = 0;
  hits = 0;

  constructor(id: number, rule: FaultRule, remove: () => void) {
    this.id = id;
    this.rule = rule;
    this.remove = remove;
  }

  matches(server: string, method: string, url: string): boolean {
    const { rule } = this;
    if (rule.server !== undefined && rule.server !== server) return false;
    if (rule.method !== undefined && rule.method.toUpperCase() !== method) return false;
    return rule.path === undefined || rule.path.test(url);
  }
}
