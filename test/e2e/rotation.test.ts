import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Member } from '../../cli/demo/datacenter.ts';
import { targetStatus } from '../../cli/demo/status.ts';
import { createCa, fingerprint, formatKeyfile, issueCertificate } from '../../src/adapters/tls/index.ts';
import { compareDeployments } from './support/compare.ts';
import { eventually } from './support/eventually.ts';
import { logsOf, type Pair, type Side, startPair } from './support/pair.ts';
import { Workload } from './support/workload.ts';

/** A stream that stands still for good; how long it takes is told, and is a quiet machine's affair. */
const ARRIVES_MS = 60_000;
const ROTATES_MS = 30_000;
const LIFETIME_MS = 24 * 3_600_000;
/** What a worker may take to hand its tasks over and end by itself. */
const STOPS_MS = 45_000;

let pair: Pair;
let workload: Workload;
let probes = 0;
let copiesBefore = new Map<string, number>();
const writing = new AbortController();
let writes: Promise<number> = Promise.resolve(0);
const members = new Map<Side, { masters: Member[]; workers: Member[] }>();

beforeAll(async () => {
  pair = await startPair({ masters: 2, workers: 2, dbServers: 2, coordinators: 1 });
  for (const side of sides()) {
    members.set(side, { masters: [...side.datacenter.masters], workers: [...side.datacenter.workers] });
  }
  workload = new Workload(pair.source.database, 23);
  await workload.create({ databases: 2, collections: 6 });
  await workload.load(5_000);
  await pair.configure();
  await eventually('every shard running', 60_000, allRunning);
  copiesBefore = await copies();
  writes = workload.mix(writing.signal);
}, 120_000);
afterAll(async () => {
  writing.abort();
  await writes.catch(() => 0);
  await pair?.stop();
});

function sides(): readonly [Side, Side] {
  return [pair.source, pair.target];
}

function membersOf(side: Side) {
  const found = members.get(side);
  if (found === undefined) throw new Error('unknown datacenter');
  return found;
}

async function allRunning(): Promise<boolean> {
  const { status, running, total } = await targetStatus(pair.target.masters);
  return status === 'running' && total >= workload.shards && running === total;
}

async function eventsOf(side: Side, type: string): Promise<readonly { readonly data: unknown }[]> {
  return (await side.events()).flatMap(({ events }) => events).filter((event) => event.type === type);
}

/** How often each shard was copied, by the log's own account. */
async function copies(): Promise<Map<string, number>> {
  interface Change {
    readonly shard: { readonly database: string; readonly collection: string; readonly shardIndex: number };
    readonly way: string;
    readonly status: string;
  }
  const counts = new Map<string, number>();
  for (const { data } of await eventsOf(pair.target, 'ShardStatesChanged')) {
    for (const { shard, way, status } of (data as { changes: Change[] }).changes) {
      if (way !== 'copy' || status !== 'initial-sync') continue;
      const key = `${shard.database}/${shard.collection}/${shard.shardIndex}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** A document written into every collection now arrives: no stream stands still. */
async function goesOn(): Promise<void> {
  const round = probes++;
  const written = await workload.probe(round);
  const ms = await eventually('probes arriving on the target', ARRIVES_MS, async () => {
    for (const { database, path } of written) {
      const { status } = await pair.target.database.front.request({ method: 'HEAD', database, path });
      if (status !== 200) return false;
    }
    return true;
  });
  console.log(`round ${round}: all arrived after ${Math.round(ms)} ms`);
  expect(await copies()).toEqual(copiesBefore);
}

/** How often each worker was given a certificate, by its id. */
async function renewals(side: Side): Promise<ReadonlyMap<string, number>> {
  const events = await eventsOf(side, 'WorkerCertificateRenewed');
  const ids = events.map(({ data }) => (data as { workerId: string }).workerId);
  return new Map([...new Set(ids)].map((id) => [id, ids.filter((other) => other === id).length]));
}

/** Whether every worker asked since, and once. */
async function allRenewed(side: Side, before: ReadonlyMap<string, number> = new Map()): Promise<boolean> {
  const now = await renewals(side);
  const since = [...now].map(([id, count]) => count - (before.get(id) ?? 0)).filter((count) => count > 0);
  expect(Math.max(0, ...since), 'certificates of one worker for one change').toBeLessThanOrEqual(1);
  return since.length === membersOf(side).workers.length;
}

/** SHA-256 of the certificate that is served. */
function servedBy(endpoint: string): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      const served = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase();
      socket.destroy();
      resolve(served ?? '');
    });
    socket.once('error', reject);
  });
}

/** SIGTERM: it ends by itself, and without an error. */
async function stopInOrder({ process: { name, stop } }: Member): Promise<void> {
  const startMs = performance.now();
  expect(await stop(STOPS_MS), name).toBe(0);
  console.log(`${name} stopped in order within ${Math.round(performance.now() - startMs)} ms`);
}

function hangUp(list: readonly Member[]): void {
  for (const { process } of list) process.hangUp();
}

describe('under writes, without a restart and without another copy', { timeout: 240_000 }, () => {
  test('masters serve with a new keyfile, and keep the old one when a file cannot be used', async () => {
    for (const side of sides()) {
      const path = join(pair.folder, `${side.datacenter.name}.keyfile`);
      const options = { hosts: ['127.0.0.1', 'localhost'], commonName: 'renewed', validForMs: LIFETIME_MS };
      const renewed = issueCertificate({ ca: pair.authorities.tls, kind: 'server', ...options });
      const { masters } = membersOf(side);
      writeFileSync(path, 'no keyfile');
      hangUp(masters);
      await eventually('the bad keyfile being told', ROTATES_MS, async () => {
        const complaint = /--server\.keyfile: .*; the one before stays in use/;
        return masters.every(({ process }) => complaint.test(readFileSync(process.logFile, 'utf8')));
      });
      writeFileSync(path, formatKeyfile(renewed), { mode: 0o600 });
      hangUp(masters);
      await eventually('every master serving with it', ROTATES_MS, async () => {
        const served = await Promise.all(masters.map(({ endpoint }) => servedBy(endpoint)));
        return served.every((print) => print === fingerprint(renewed.certificate));
      });
      await eventually('it being recorded', ROTATES_MS, async () => {
        return (await eventsOf(side, 'MasterCertificateReplaced')).length === masters.length;
      });
    }
    await goesOn();
  });

  test('the CA of client certificates is replaced, and then the certificate that the target shows', async () => {
    const ca = createCa({ commonName: 'the next client CA', validForMs: LIFETIME_MS });
    const file = join(pair.folder, 'client-auth-ca.crt');
    const all = sides().flatMap((side) => membersOf(side).masters);
    const accept = async (content: string, times: number) => {
      const before = await Promise.all(sides().map(renewals));
      writeFileSync(file, content);
      hangUp(all);
      await eventually('every master taking the CA', ROTATES_MS, async () => {
        const events = (await Promise.all(sides().map((side) => eventsOf(side, 'MasterCertificateReplaced')))).flat();
        return (
          events.filter(({ data }) => (data as { part: string }).part === 'client-ca').length === times * all.length
        );
      });
      await eventually('every worker asking for a certificate and the CA', ROTATES_MS, async () => {
        return (await Promise.all(sides().map((side, index) => allRenewed(side, before[index])))).every((all) => all);
      });
    };
    await accept(`${pair.authorities.client.certificate}${ca.certificate}`, 1);
    const options = { hosts: [], commonName: 'demo target', validForMs: LIFETIME_MS };
    const keyfile = issueCertificate({ ca, kind: 'client', ...options });
    writeFileSync(join(pair.folder, 'client-auth.keyfile'), formatKeyfile(keyfile), { mode: 0o600 });
    await pair.configure();
    await eventually('the source knowing the new certificate', ROTATES_MS, async () => {
      const registered = (await eventsOf(pair.source, 'OutgoingRegistered')).map(
        ({ data }) => (data as { fingerprint: string }).fingerprint,
      );
      return registered.at(-1) === fingerprint(keyfile.certificate);
    });
    await accept(ca.certificate, 2);
    await goesOn();
  });

  test('workers get another certificate', async () => {
    for (const side of sides()) {
      const { workers } = membersOf(side);
      const before = await Promise.all(workers.map(({ endpoint }) => servedBy(endpoint)));
      // They have asked already each time the CA of client certificates changed.
      const renewed = await renewals(side);
      hangUp(workers);
      await eventually('every worker serving with another one', ROTATES_MS, async () => {
        const served = await Promise.all(workers.map(({ endpoint }) => servedBy(endpoint)));
        return served.every((print, index) => print !== before[index]);
      });
      expect(await allRenewed(side, renewed)).toBe(true);
    }
    await goesOn();
  });

  test('the master secret changes in both datacenters; workers hear of it from their masters', async () => {
    for (const side of sides()) {
      const secret = randomBytes(24).toString('hex');
      side.masterSecrets.push(secret);
      writeFileSync(join(pair.folder, `${side.datacenter.name}-master.jwt`), secret, { mode: 0o600 });
      // One after the other: in between they have different ones.
      for (const master of membersOf(side).masters) {
        master.process.hangUp();
        await goesOn();
      }
      await eventually('the log going over to it', ROTATES_MS, async () => {
        return (await eventsOf(side, 'SecretsReencrypted')).length === 1;
      });
      expect(await eventsOf(side, 'MasterSecretRotated')).toHaveLength(1);
    }
    await goesOn();
  });

  test('all that is started again has the new secrets only, one after the other', async () => {
    for (const side of sides()) {
      const { masters, workers } = membersOf(side);
      for (const [index, master] of masters.entries()) {
        await stopInOrder(master);
        masters[index] = side.datacenter.restartMaster(master);
        await goesOn();
      }
      for (const [index, worker] of workers.entries()) {
        await stopInOrder(worker);
        workers[index] = side.datacenter.restartWorker(worker);
        await goesOn();
      }
    }
  });

  test('nothing is lost, the logs are whole, and no secret stands in any output', async () => {
    writing.abort();
    expect(await writes).toBeGreaterThan(0);
    await eventually('both sides being equal', 60_000, async () => {
      const { differences } = await compareDeployments(pair.source.database, pair.target.database);
      return differences.length === 0;
    });
    await eventually('check sync', 60_000, async () => {
      const { exit, output } = await pair.command(['check', 'sync'], pair.target);
      return exit === 0 && output.includes('The whole data is the same');
    });
    for (const side of sides()) {
      const { exit, output } = await pair.command(['events', 'verify'], side);
      expect([exit, output]).toEqual([0, expect.stringContaining('The event log is whole.')]);
    }
    const texts = [logsOf(pair), JSON.stringify(await Promise.all(sides().map((side) => side.events())))];
    const secrets = sides().flatMap(({ masterSecrets }) => masterSecrets);
    for (const secret of secrets) for (const text of texts) expect(text.includes(secret)).toBe(false);
  });
});
