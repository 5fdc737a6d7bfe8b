import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommandFailed } from '../errors.ts';

/** The demo's data: airports as vertices, flights as edges between them. */
export interface DataSet {
  readonly airports: readonly Record<string, unknown>[];
  readonly flights: readonly Record<string, unknown>[];
}

/** A linear congruential generator (Numerical Recipes): every demo loads the same graph. */
function repeatableRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Reads the airports and the 200,000-odd flights of the npm package `vega-datasets`. Its large flight file has delay,
 * distance and time but no ends: each flight gets a route drawn from the package's table of routes, by their frequency.
 */
export async function loadDataSet(): Promise<DataSet> {
  const { csvParse } = await import('d3-dsv').catch(() => {
    throw new CommandFailed(
      "the demo's data set is a development dependency: run the demo from a checkout, after 'npm ci'",
    );
  });
  // The package exports its program only; the files lie beside it.
  const data = new URL('../data/', import.meta.resolve('vega-datasets'));
  const read = (file: string) => readFileSync(fileURLToPath(new URL(file, data)), 'utf8');
  const airports = csvParse(read('airports.csv')).map(({ iata, latitude, longitude, ...rest }) => ({
    _key: iata,
    iata,
    ...rest,
    latitude: Number(latitude),
    longitude: Number(longitude),
  }));
  const known = new Set(airports.map(({ iata }) => iata));
  const routes = csvParse(read('flights-airport.csv')).filter(
    ({ origin, destination }) => known.has(origin) && known.has(destination),
  );
  const draw = weightedDraw(routes.map(({ count }) => Number(count)));
  const random = repeatableRandom(1);
  const flights = JSON.parse(read('flights-200k.json')).map((flight: Record<string, unknown>, index: number) => {
    const route = routes[draw(random())];
    return { _key: `f${index}`, _from: `airports/${route?.origin}`, _to: `airports/${route?.destination}`, ...flight };
  });
  return { airports, flights };
}

/** Turns weights into a function from [0, 1) to an index, by binary search over their running sums. */
function weightedDraw(weights: readonly number[]): (fraction: number) => number {
  let sum = 0;
  const sums = weights.map((weight) => (sum += weight));
  return (fraction) => {
    const wanted = fraction * sum;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
