import { median, perSecond, type Run } from './stream-pair.ts';

const MIB = 1_024 * 1_024;

/** Metric, value and unit of each. */
export type Figures = readonly (readonly [metric: string, value: number, unit: string])[];

/** Of the turns that were measured, the median. */
export function rateFigures(runs: readonly Run[]): Figures {
  return [
    ['docs_per_s', median(runs.map(perSecond)), ''],
    ['mib_per_s', median(runs.map(({ bytes, elapsedMs }) => (1_000 * bytes) / elapsedMs / MIB)), 'MiB/s'],
  ];
}

/** Of neighbouring turns: `to` is what ours are held against. */
export function ratioFigures(to: string, ratios: readonly number[]): Figures {
  return [
    [`ratio_to_${to}`, median(ratios), ''],
    ['ratio_min', Math.min(...ratios), ''],
    ['ratio_max', Math.max(...ratios), ''],
  ];
}
