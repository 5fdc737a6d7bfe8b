import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signJwt } from '../../../src/adapters/http/jwt.ts';
import { QueueTokens } from '../../../src/adapters/mq/token.ts';
import { createCa, issueCertificate } from '../../../src/adapters/tls/index.ts';
import { clientCa, forged } from '../../master/support/certificates.ts';
import { until } from '../../master/support/until.ts';
import { basic, type Credentials, callers, type HttpsCaller } from './support/callers.ts';
import { masterSecret, monitoringToken, passwords } from './support/https-datacenter.ts';
import { RunningPair } from './support/running-pair.ts';

const validForMs = 3_600_000;
const shard = '/_api/sync/database/d/collection/c/shard/0';

let pair: RunningPair;
let leader: HttpsCaller;
/** By a master that does not lead. */
let follower: HttpsCaller;
let followerPort: number;

beforeAll(async () => {
  pair = await RunningPair.start();
  leader = pair.caller(pair.ports.target, callers['right JWT']);
  const second = await pair.target.startMaster();
  followerPort = second.port;
  follower = pair.caller(followerPort, callers['right JWT']);
  await until('the second follows', () => second.master.state.masters.size === 2);
});

afterAll(() => pair?.stop());

async function statusOf(credentials: Credentials, path = '/_api/sync', port = pair.ports.target): Promise<number> {
  return (await pair.caller(port, credentials).ask('GET', path)).status;
}

function bodyOf({ text }: { readonly text: string }) {
  return JSON.parse(text);
}

describe('a GET with a body', () => {
  it('is answered alike by the leader and through another master', async () => {
    const answers = [leader, follower].map((caller) => caller.ask('GET', `${shard}/checksum`, { timeout: 30e9 }));
    const [direct, forwarded] = await Promise.all(answers);
    expect(forwarded).toEqual(direct);
    const entries = bodyOf(direct ?? { text: '{}' }).databases.d.collections.c.shards['0'];
    expect(entries).toHaveLength(2);
    expect(entries[0]).toEqual(entries[1]);
  });

  it('has its body read: a wrong field is named', async () => {
    for (const caller of [leader, follower]) {
      const answer = await caller.ask('GET', `${shard}/checksum`, { timeout: '1m' });
      expect([answer.status, bodyOf(answer).error]).toEqual([400, expect.stringContaining('timeout')]);
    }
  });

  it('gives up in the time that the body names, with an error instead of a short list', async () => {
    const answer = await leader.ask('GET', `${shard}/checksum`, { timeout: 1 });
    expect([answer.status, bodyOf(answer).error]).toEqual([503, expect.stringContaining('within')]);
  });

  it('needs no body at all', async () => {
    expect((await follower.ask('GET', `${shard}/checksum`)).status).toBe(200);
  });
});

describe('bodies of clients in Go', () => {
  it('may say null for what is empty, and carry fields that we do not know', async () => {
    const body = { ...pair.configuration(), unknown: 1 };
    const authentication = { ...body.authentication, clientToken: null };
    expect((await follower.ask('POST', '/_api/sync', { ...body, authentication })).status).toBe(200);
  });

  it.each([
    ['PUT', '/_api/message-timeout', '{"messageTimeout":"1h"}', 'messageTimeout'],
    ['PUT', '/_api/message-timeout', '{"messageTimeout":1.5}', 'messageTimeout'],
    ['PUT', '/_api/message-timeout', '{}', 'messageTimeout'],
    ['POST', '/_api/sync', '{"source":["master-a"]}', 'source.0'],
    ['POST', '/_api/sync', '{"source":[],"authentication":{}}', 'source'],
    ['DELETE', '/_api/sync', '{"target_server_mode":"writable"}', 'target_server_mode'],
    ['PUT', '/_api/worker', '{"endpoint":"here"}', 'endpoint'],
    ['PUT', '/_api/message-timeout', '[]', 'body'],
    ['PUT', '/_api/message-timeout', '{', 'JSON'],
  ] as const)('%s %s %s is refused naming %s', async (method, path, body, field) => {
    const answer = await follower.ask(method, path, body);
    expect([answer.status, bodyOf(answer).error]).toEqual([400, expect.stringContaining(field)]);
  });
});

describe('names in paths', () => {
  it('arrive escaped twice under mq and once elsewhere, also through another master', async () => {
    const [task] = bodyOf(await leader.ask('GET', '/_api/task')).tasks;
    const channel: string = task.task.channels.data;
    const twice = [...channel].map((letter) => `%25${letter.charCodeAt(0).toString(16)}`).join('');
    const once = twice.replaceAll('%25', '%');
    for (const caller of [leader, follower]) {
      const relevant = (name: string) => caller.ask('GET', `/_api/mq/channel/${name}/is-relevant`);
      expect(bodyOf(await relevant(twice))).toEqual({ isRelevant: true });
      expect(bodyOf(await relevant('%252E%252E%252Fx'))).toEqual({ isRelevant: false });
      expect(bodyOf(await caller.ask('GET', `/_api/task/channel/${once}`)).tasks).toHaveLength(1);
    }
  });

  it('stay in their segment when they are passed on', async () => {
    const answer = await follower.ask('PUT', '/_api/sync/database/..%2F..%2Fworker/collection/c/shard/0/reset');
    expect([answer.status, bodyOf(answer).error]).toEqual([404, expect.stringContaining('../../worker/c')]);
  });
});

describe('the state of a synchronization', () => {
  it('gives the source back as it was sent, and the shards only when they are asked for', async () => {
    const full = bodyOf(await leader.ask('GET', '/_api/sync?details='));
    const short = bodyOf(await leader.ask('GET', '/_api/sync?details=short'));
    expect(full.source).toEqual(pair.configuration().source);
    expect(full.shards).toHaveLength(full.shardsCount);
    for (const { last_shard_master_change: changed, shard_master_known: known } of full.shards) {
      expect([known, Date.parse(changed)]).toEqual([true, expect.any(Number)]);
      expect(Date.now() - Date.parse(changed)).toBeLessThan(60_000);
    }
    expect(short).not.toHaveProperty('shards');
    expect([short.shardsCount, short.totalShardsCount]).toEqual([full.shardsCount, full.shardsCount]);
  });

  it('names a datacenter by one id everywhere', async () => {
    const atSource = pair.caller(pair.ports.source, callers['user with rights']);
    // Workers of the two ends report each in its own time.
    const outgoing = await until('the source runs', async () => {
      const { outgoing } = bodyOf(await atSource.ask('GET', '/_api/sync'));
      return outgoing?.[0]?.status === 'running' && outgoing;
    });
    const { datacenters } = bodyOf(await leader.ask('GET', '/_api/sync/shards'));
    const { tasks } = bodyOf(await atSource.ask('GET', '/_api/task'));
    const { cluster_id: stopped } = bodyOf(await atSource.ask('DELETE', '/_api/sync'));
    expect(outgoing).toHaveLength(1);
    expect(outgoing[0]).toMatchObject({ id: datacenters[1].id, status: 'running' });
    expect(new Set(tasks.map(({ task }: { task: { target_id: string } }) => task.target_id))).toEqual(
      new Set([datacenters[1].id]),
    );
    expect(stopped).toBe(datacenters[0].id);
  });

  it('names both sides of a collection alike, under the names of the status', async () => {
    const { shards } = bodyOf(await leader.ask('GET', '/_api/sync'));
    const { datacenters } = bodyOf(await leader.ask('GET', '/_api/sync/shards'));
    for (const { database, collection, shardIndex } of shards) {
      for (const { databases } of datacenters) {
        expect(databases[database].collections[collection].shards).toHaveProperty(String(shardIndex));
      }
    }
  });
});

describe('a master that does not lead', () => {
  it('answers reads itself and refuses commands with 503 when it may not pass them on', async () => {
    const alone = pair.caller(followerPort, callers['right JWT'], { headers: { 'x-allow-forward-to-leader': '' } });
    const { status, shardsCount, totalShardsCount } = bodyOf(await alone.ask('GET', '/_api/sync?details=short'));
    expect([status, shardsCount]).toEqual(['running', totalShardsCount]);
    expect(bodyOf(await alone.ask('GET', '/_api/worker')).workers).toHaveLength(1);
    for (const path of ['/_api/masters', '/_api/endpoints', '/_api/leader/endpoint', '/_api/task']) {
      expect(bodyOf(await alone.ask('GET', path))).toEqual(bodyOf(await leader.ask('GET', path)));
    }
    const refused = await alone.ask('PUT', '/_api/message-timeout', { messageTimeout: 60e9 });
    expect([refused.status, bodyOf(refused).error]).toEqual([503, expect.any(String)]);
  });
});

describe('who is recognised', () => {
  const bearer = (claims: object, secret = masterSecret) => ({
    authorization: `bearer ${signJwt({ ...claims }, secret)}`,
  });

  it('limits a JWT to its allowed paths, on masters and workers', async () => {
    const probe = bearer({ iss: 'arangodb', server_id: 'kube-arangodb', allowed_paths: ['/_api/version'] });
    for (const port of [pair.ports.target, followerPort, pair.ports.worker]) {
      expect(await statusOf(probe, '/_api/version', port)).toBe(200);
      expect(await statusOf(probe, '/_api/health', port)).toBe(401);
    }
    expect(await statusOf(probe, '/_api/x/../version')).toBe(200);
    expect(await statusOf(probe, '/_api/version/../sync')).toBe(401);
  });

  it('never admits an empty bearer, whether there is a monitoring token or not', async () => {
    const open = await pair.source.startMaster({ monitoringToken: '' });
    for (const port of [pair.ports.target, open.port]) {
      for (const authorization of ['Bearer ', 'Bearer', 'bearer  ', 'Bearer ..', '']) {
        expect(await statusOf({ authorization }, '/_api/version', port)).toBe(401);
      }
    }
    expect(await statusOf({ authorization: `Bearer ${monitoringToken}` }, '/metrics', open.port)).toBe(401);
  });

  it('takes a queue token for messages only, and no other token there', async () => {
    const token = new QueueTokens(masterSecret).issue('target');
    expect(await statusOf({ authorization: `Bearer ${token}` })).toBe(401);
    const [targetId = ''] = pair.source.masters[0]?.master.state.outgoing.keys() ?? [];
    const own = new QueueTokens(masterSecret).issue(targetId);
    const routes = '/_api/mq/direct/routes';
    expect(await statusOf({ authorization: `Bearer ${own}` }, routes, pair.ports.source)).toBe(200);
    for (const name of ['anonymous', 'right JWT', 'monitoring token', 'client certificate'] as const) {
      expect(await statusOf(callers[name], routes, pair.ports.source)).toBe(401);
    }
  });

  it('takes a user by the database alone: its password, and read/write on _system', async () => {
    const { operator, reader, stranger } = passwords;
    expect(await statusOf({ authorization: basic('operator', operator) })).toBe(200);
    expect(await statusOf({ authorization: basic('operator', 'guess') })).toBe(401);
    expect(await statusOf({ authorization: basic('reader', reader) })).toBe(403);
    expect(await statusOf({ authorization: basic('stranger', stranger) })).toBe(403);
    for (const user of ['nobody', '', '..', '.', 'root/../operator', 'operator/database']) {
      expect(await statusOf({ authorization: basic(user, operator) })).toBe(401);
    }
    expect(await statusOf({ authorization: 'Basic ????' })).toBe(401);
    expect(await statusOf({ authorization: basic('operator', 'x'.repeat(10_000)) })).toBe(401);
  });

  it('takes a client certificate of its CA only, that is not for servers', async () => {
    const other = createCa({ commonName: 'client auth', validForMs });
    const issue = (ca: typeof other, kind: 'client' | 'server') =>
      issueCertificate({ ca, kind, hosts: ['x'], commonName: 'x', validForMs });
    expect(await statusOf({ certificate: issue(clientCa, 'client') })).toBe(200);
    expect(await statusOf({ certificate: issue(other, 'client') })).toBe(401);
    expect(await statusOf({ certificate: issue(clientCa, 'server') })).toBe(401);
    expect(await statusOf({ certificate: forged })).toBe(401);
    expect(await statusOf({ certificate: issue(clientCa, 'client'), ...callers['wrong JWT'] })).toBe(401);
  });

  it('S23: leaves an outgoing id to its certificate, and to operators', async () => {
    const another = issueCertificate({ ca: clientCa, kind: 'client', hosts: [], commonName: 'another', validForMs });
    const body = { id: 'T', target: ['https://t:8629'], channels: { inventory: 'i' } };
    const owner = pair.caller(pair.ports.source, callers['client certificate']);
    expect((await owner.ask('POST', '/_api/sync/outgoing', body)).status).toBe(200);
    const foreign = pair.caller(pair.ports.source, { certificate: another });
    const refused = await foreign.ask('DELETE', '/_api/sync/outgoing/T');
    expect([refused.status, bodyOf(refused).error]).toEqual([
      403,
      expect.stringContaining('another client certificate'),
    ]);
    const operator = pair.caller(pair.ports.source, callers['user with rights']);
    expect((await operator.ask('DELETE', '/_api/sync/outgoing/T')).status).toBe(200);
    expect(pair.source.masters[0]?.master.state.outgoing.has('T')).toBe(false);
  });
});
