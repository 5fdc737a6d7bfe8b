import { describe, expect, it } from 'vitest';
import { Authentication, type UserCheck } from '../../../src/adapters/http/authentication.ts';
import { signJwt } from '../../../src/adapters/http/jwt.ts';

const secret = 'the secret of the masters';
const certificate = { subject: 'CN=target', fingerprint: 'ab12' };
const users: UserCheck = async (user, password) => {
  if (password !== 'right') return 'wrong';
  return user === 'root' ? 'admin' : 'not-admin';
};

function authentication(overrides: Partial<ConstructorParameters<typeof Authentication>[0]> = {}): Authentication {
  return new Authentication({ jwtSecret: secret, monitoringToken: 'watch', checkUser: users, ...overrides });
}

function asking(authorization: string | undefined, path = '/_api/sync', peer?: typeof certificate) {
  return { authorization, path, certificate: peer };
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('authentication', () => {
  it('takes a token signed with the secret, whoever issued it and however bearer is spelt', async () => {
    const token = signJwt({ iss: 'arangodb', server_id: 'kube-arangodb' }, secret);
    for (const scheme of ['bearer', 'Bearer', 'BEARER']) {
      const { caller } = await authentication().authenticate(asking(`${scheme} ${token}`));
      expect(caller).toEqual({ kind: 'secret', name: 'kube-arangodb' });
    }
  });

  it('limits a token to its allowed paths', async () => {
    const token = signJwt({ iss: 'arangodb', server_id: 'probe', allowed_paths: ['/_api/version'] }, secret);
    await expect(authentication().authenticate(asking(`bearer ${token}`, '/_api/version'))).resolves.toBeDefined();
    await expect(authentication().authenticate(asking(`bearer ${token}`))).rejects.toMatchObject({ status: 401 });
  });

  it('refuses a token of another secret, a changed token, an expired token and one without a signature', async () => {
    const good = signJwt({ server_id: 'x' }, secret);
    const [head, , sealed] = good.split('.');
    const forged = `${head}.${Buffer.from('{"server_id":"y"}').toString('base64url')}.${sealed}`;
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`;
    const expired = signJwt({ server_id: 'x', exp: Math.floor(Date.now() / 1000) - 3600 }, secret);
    for (const token of [signJwt({ server_id: 'x' }, 'other'), forged, none, expired]) {
      await expect(authentication().authenticate(asking(`bearer ${token}`))).rejects.toMatchObject({ status: 401 });
    }
  });

  it('takes the monitoring token', async () => {
    const { caller } = await authentication().authenticate(asking('Bearer watch'));
    expect(caller.kind).toBe('monitoring');
  });

  it('never admits an empty bearer by an empty monitoring token', async () => {
    const open = authentication({ monitoringToken: '' });
    await expect(open.authenticate(asking('Bearer '))).rejects.toMatchObject({ status: 401 });
  });

  it('takes a user who may write _system, refuses others with the reason, and a wrong password', async () => {
    const { caller } = await authentication().authenticate(asking(basic('root:right')));
    expect(caller).toEqual({ kind: 'user', name: 'root' });
    await expect(authentication().authenticate(asking(basic('bob:right')))).rejects.toMatchObject({ status: 403 });
    await expect(authentication().authenticate(asking(basic('root:wrong')))).rejects.toMatchObject({ status: 401 });
  });

  it('asks the database once for a password that was right, and again after some seconds', async () => {
    let asked = 0;
    let now = 0;
    const counting: UserCheck = async () => {
      asked += 1;
      return 'admin';
    };
    const cached = authentication({ checkUser: counting, now: () => now });
    await cached.authenticate(asking(basic('root:right')));
    await cached.authenticate(asking(basic('root:right')));
    expect(asked).toBe(1);
    await cached.authenticate(asking(basic('root:other')));
    expect(asked).toBe(2);
    now = 60_000;
    await cached.authenticate(asking(basic('root:right')));
    expect(asked).toBe(3);
  });

  it('takes a verified client certificate with its fingerprint', async () => {
    const { caller } = await authentication().authenticate(asking(undefined, '/_api/sync', certificate));
    expect(caller).toEqual({ kind: 'certificate', name: 'CN=target', fingerprint: 'ab12' });
  });

  it('tells of the certificate beside a good Authorization', async () => {
    const both = asking('Bearer watch', '/metrics', certificate);
    const { caller, beside } = await authentication().authenticate(both);
    expect([caller.kind, beside?.fingerprint]).toEqual(['monitoring', 'ab12']);
  });

  it('refuses a wrong Authorization even beside a good certificate, and nothing at all', async () => {
    const wrong = asking('bearer nonsense', '/_api/sync', certificate);
    await expect(authentication().authenticate(wrong)).rejects.toMatchObject({ status: 401 });
    await expect(authentication().authenticate(asking(undefined))).rejects.toMatchObject({ status: 401 });
  });

  it('S23: believes a forwarded identity only inside a token of the secret', async () => {
    const claims = { server_id: 'master-2', forwarded_caller: { kind: 'user', name: 'root' }, hops: 1 };
    const passed = await authentication().authenticate(asking(`bearer ${signJwt(claims, secret)}`));
    expect(passed).toEqual({ caller: { kind: 'user', name: 'root' }, hops: 1 });
    const forged = asking(`bearer ${signJwt(claims, 'guess')}`);
    await expect(authentication().authenticate(forged)).rejects.toMatchObject({ status: 401 });
  });
});
