import { Agent } from 'undici';
import type { Member } from '../cli/demo/datacenter.ts';
import { masterToken } from '../cli/master-client.ts';

/** What a process tells of itself in its metrics. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** User and system, since it began. */
  readonly cpuS: number;
}

/** Reads the metrics of a master or a worker. Throws when it does not answer, or lacks one of the figures. */
export async function processFigures({ endpoint }: Member, masterSecret: string): Promise<ProcessFigures> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const headers = { authorization: `bearer ${masterToken(masterSecret)}` };
    const { body } = await dispatcher.request({ origin: endpoint, path: '/metrics', method: 'GET', headers });
    const text = await body.text();
    return {
      residentBytes: metricIn(text, 'process_resident_memory_bytes'),
      heapBytes: metricIn(text, 'nodejs_heap_size_used_bytes'),
      cpuS: metricIn(text, 'process_cpu_seconds_total'),
    };
  } finally {
    await dispatcher.close();
  }
}

function metricIn(text: string, metric: string): number {
  const [, value] = new RegExp(`^${metric} (\\S+)$`, 'm').exec(text) ?? [];
  if (value === undefined) throw new Error(`no metric ${metric} in ${text.slice(0, 200)}`);
  return Number(value);
}
