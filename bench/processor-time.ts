import { readFileSync } from 'node:fs';
import type { Datacenter } from '../cli/demo/datacenter.ts';

/** Of a tick of the kernel's clock, which is the same on all Linux systems. */
const TICK_US = 10_000;

/**
 * Processor time, user and system, that all processes of these datacenters and this one have used so far, µs. Unlike what a
 * clock tells it says the same on a busy machine. Linux only.
 */
export function processorUs(datacenters: readonly Datacenter[]): number {
  const { user, system } = process.cpuUsage();
  const pids = datacenters.flatMap(({ all }) => all.map(({ pid }) => pid));
  return pids.reduce((sum, pid) => sum + usedBy(pid), user + system);
}

function usedBy(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold spaces: the state is field 3, user time 14, system time 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
