import { formatTable } from '../cli/table.ts';

/** One measured figure: `case` names the configuration, `unit` is empty for ratios. */
export interface Measurement {
  readonly case: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

/** Prints a row per case and a column per metric; with `json` one object as the last line of standard output. */
export function reportMeasurements(bench: string, results: readonly Measurement[], json: boolean): void {
  const metrics = [...new Set(results.map(({ metric }) => metric))];
  const cases = [...new Set(results.map((result) => result.case))];
  const rows = cases.map((name) => [name, ...metrics.map((metric) => cell(results, name, metric))]);
  console.log(formatTable([bench, ...metrics], rows));
  if (json) console.log(JSON.stringify({ bench, results }));
}

function cell(results: readonly Measurement[], name: string, metric: string): string {
  const found = results.find((result) => result.case === name && result.metric === metric);
  return found === undefined ? '' : `${round(found.value)}${found.unit === '' ? '' : ` ${found.unit}`}`;
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
