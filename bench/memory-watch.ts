import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '../cli/demo/datacenter.ts';
import type { Measurement } from './report.ts';

const LOOK_MS = 100;
const KIB_PER_MIB = 1_024;

/**
 * Looks at processes as long as `work` runs: the most memory each had, which the kernel keeps, and the most descriptors
 * that were seen open; of the worst of them, and of each. Linux only: other systems tell neither from outside.
 */
export async function watched(
  members: Readonly<Record<string, Member>>,
  work: () => Promise<void>,
): Promise<readonly Omit<Measurement, 'case'>[]> {
  const descriptors = new Map<string, number>();
  const looking = new AbortController();
  const look = async () => {
    while (!looking.signal.aborted) {
      for (const [name, { process }] of Object.entries(members)) {
        descriptors.set(name, Math.max(descriptors.get(name) ?? 0, descriptorsOf(process.pid)));
      }
      await sleep(LOOK_MS, undefined, { signal: looking.signal }).catch(() => undefined);
    }
  };
  const looked = look();
  try {
    await work();
  } finally {
    looking.abort();
    await looked;
  }
  const each = Object.entries(members).map(([name, { process }]) => {
    return { name, rssMib: peakRssMib(process.pid), open: descriptors.get(name) ?? 0 };
  });
  return [
    { metric: 'rss_mib', value: Math.max(...each.map(({ rssMib }) => rssMib)), unit: 'MiB' },
    { metric: 'descriptors', value: Math.max(...each.map(({ open }) => open)), unit: '' },
    ...each.flatMap(({ name, rssMib, open }) => [
      { metric: `${name}_rss_mib`, value: rssMib, unit: 'MiB' },
      { metric: `${name}_descriptors`, value: open, unit: '' },
    ]),
  ];
}

/** The largest resident set that a process ever had. */
function peakRssMib(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`process ${pid} tells no VmHWM`);
  return Number(kib) / KIB_PER_MIB;
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
