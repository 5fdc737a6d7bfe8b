/** How many tasks of each type each worker should have: `quotas.get(type)?.get(workerId)`. */
export type Quotas = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Tasks that a worker has of a type now. */
export type Held = (type: string, workerId: string) => number;

/**
 * Shares tasks evenly: no two workers differ by more than one task of a type, nor by more than one task in all. Among
 * the even sharings it takes one that leaves the most tasks where they are.
 *
 * Every worker gets the rounded-down part of each type. What remains of a type goes, one each, to some of the workers:
 * that choice is a flow from types to workers, of least cost, where a unit is cheap when its worker holds that task
 * already, and dear when it is beyond the worker's even part of all remainders.
 */
export function evenQuotas(counts: ReadonlyMap<string, number>, workerIds: readonly string[], held: Held): Quotas {
  const types = [...counts.keys()];
  const base = (type: string) => Math.floor((counts.get(type) ?? 0) / workerIds.length);
  const remainders = types.map((type) => (counts.get(type) ?? 0) % workerIds.length);
  const gains = types.map((type) => workerIds.map((workerId) => held(type, workerId) > base(type)));
  const extras = shareRemainders(remainders, workerIds.length, gains);
  return new Map(
    types.map((type, t) => [
      type,
      new Map(workerIds.map((workerId, w) => [workerId, base(type) + (extras[t]?.has(w) ? 1 : 0)])),
    ]),
  );
}

/** Per type the workers that get one more. Each augmentation gives one remaining task away, moving others if that is cheaper. */
function shareRemainders(
  remainders: readonly number[],
  workers: number,
  gains: readonly (readonly boolean[])[],
): readonly ReadonlySet<number>[] {
  const given = remainders.map(() => new Set<number>());
  const loads = new Array<number>(workers).fill(0);
  const total = remainders.reduce((sum, remainder) => sum + remainder, 0);
  const fair = Math.floor(total / workers);
  remainders.forEach((remainder, type) => {
    for (let unit = 0; unit < remainder; unit += 1) giveOne(type, given, loads, fair, gains);
  });
  return given;
}

/** Dearer than all gains of a path together, so that evenness always comes before staying. */
const OVER_FAIR_COST = 1_000_000;

/** Finds the cheapest path type → worker [→ type → worker …] by relaxation, and takes it. */
function giveOne(
  start: number,
  given: readonly Set<number>[],
  loads: number[],
  fair: number,
  gains: readonly (readonly boolean[])[],
): void {
  const cost = (type: number, worker: number) => (gains[type]?.[worker] ? -1 : 0);
  const typeCosts = given.map((_, type) => (type === start ? 0 : Number.POSITIVE_INFINITY));
  const typeCameFrom = new Map<number, number>();
  const workerCosts = loads.map(() => Number.POSITIVE_INFINITY);
  const workerCameFrom = new Map<number, number>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const [type, workersOfType] of given.entries()) {
      for (let worker = 0; worker < loads.length; worker += 1) {
        const [here, there] = [typeCosts[type] ?? 0, workerCosts[worker] ?? 0];
        if (!workersOfType.has(worker) && here + cost(type, worker) < there) {
          workerCosts[worker] = here + cost(type, worker);
          workerCameFrom.set(worker, type);
          changed = true;
        } else if (workersOfType.has(worker) && there - cost(type, worker) < here) {
          typeCosts[type] = there - cost(type, worker);
          typeCameFrom.set(type, worker);
          changed = true;
        }
      }
    }
  }
  const end = cheapestEnd(workerCosts, loads, fair);
  loads[end] = (loads[end] ?? 0) + 1;
  takePath(end, start, given, typeCameFrom, workerCameFrom);
}

function cheapestEnd(workerCosts: readonly number[], loads: readonly number[], fair: number): number {
  const costOf = (worker: number) => {
    const over = Math.max(0, (loads[worker] ?? 0) + 1 - fair);
    return (workerCosts[worker] ?? 0) + over * over * OVER_FAIR_COST;
  };
  let best = 0;
  for (let worker = 1; worker < loads.length; worker += 1) if (costOf(worker) < costOf(best)) best = worker;
  return best;
}

function takePath(
  end: number,
  start: number,
  given: readonly Set<number>[],
  typeCameFrom: ReadonlyMap<number, number>,
  workerCameFrom: ReadonlyMap<number, number>,
): void {
  let worker: number | undefined = end;
  while (worker !== undefined) {
    const type = workerCameFrom.get(worker);
    if (type === undefined) throw new Error('a path of the assignment does not reach its type');
    given[type]?.add(worker);
    worker = type === start ? undefined : typeCameFrom.get(type);
    if (worker !== undefined) given[type]?.delete(worker);
  }
}
