import { beforeEach, describe, expect, it } from 'vitest';
import { ArangoSecretStore } from '../../../src/adapters/arangodb/secrets.ts';
import { SecretUnreadable } from '../../../src/domain/synchronization/secret-store.ts';
import { type ControlDatabase, useControlDatabase } from '../../support/control-database.ts';

const PATH = '/_api/document/_sync_secrets';
const KEY = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ“ü🂡”\n-----END PRIVATE KEY-----\n';

describe('secrets in the database', () => {
  const databases = useControlDatabase('single');
  let database: ControlDatabase;
  let secrets: ArangoSecretStore;
  beforeEach(async () => {
    database = await databases.open();
    secrets = new ArangoSecretStore(database.server, 'master secret');
  });

  const stored = (id: string) =>
    database.server.json<Record<string, string>>({ method: 'GET', path: `${PATH}/${encodeURIComponent(id)}` });
  const store = (id: string, { nonce, ciphertext, tag }: Record<string, string>) =>
    database.server.json({
      method: 'POST',
      path: PATH,
      query: { overwriteMode: 'replace' },
      body: { _key: id, nonce, ciphertext, tag },
    });

  it('are read back by every master with the same secret', async () => {
    await secrets.put('credential1', KEY);
    expect(await new ArangoSecretStore(database.server, 'master secret').get('credential1')).toBe(KEY);
  });

  it('are encrypted anew under another master secret once, and then read without the old one', async () => {
    await secrets.put('credential1', KEY);
    const both = new ArangoSecretStore(database.server, ['new', 'master secret']);
    expect(await both.get('credential1')).toBe(KEY);
    expect(await both.reencrypt('credential1')).toBe(true);
    expect(await both.reencrypt('credential1')).toBe(false);
    expect(await both.reencrypt('none')).toBe(false);
    expect(await new ArangoSecretStore(database.server, 'new').get('credential1')).toBe(KEY);
    await expect(secrets.get('credential1')).rejects.toThrow(SecretUnreadable);
  });

  it('are not there before they were kept, and not after they were deleted', async () => {
    expect(await secrets.get('credential1')).toBeUndefined();
    await secrets.put('credential1', KEY);
    await secrets.delete('credential1');
    expect(await secrets.get('credential1')).toBeUndefined();
    await secrets.delete('credential1');
  });

  it('are replaced by another one of the same id', async () => {
    await secrets.put('credential1', 'old');
    await secrets.put('credential1', 'new');
    expect(await secrets.get('credential1')).toBe('new');
  });

  it('can be empty', async () => {
    await secrets.put('credential1', '');
    expect(await secrets.get('credential1')).toBe('');
  });

  it('stand nowhere in the database as they are, and look different each time', async () => {
    await secrets.put('credential1', KEY);
    const first = JSON.stringify(await stored('credential1'));
    expect(first).not.toContain('PRIVATE');
    expect(first).not.toContain(Buffer.from(KEY).toString('base64').slice(0, 16));
    await secrets.put('credential1', KEY);
    expect((await stored('credential1')).ciphertext).not.toBe(JSON.parse(first).ciphertext);
  });

  it('cannot be read with another master secret', async () => {
    await secrets.put('credential1', KEY);
    await expect(new ArangoSecretStore(database.server, 'other').get('credential1')).rejects.toThrow(SecretUnreadable);
  });

  it.each(['nonce', 'ciphertext', 'tag'])('cannot be read when a bit of their %s was changed', async (attribute) => {
    await secrets.put('credential1', KEY);
    const content = await stored('credential1');
    const bytes = Buffer.from(content[attribute] ?? '', 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await store('credential1', { ...content, [attribute]: bytes.toString('base64') });
    await expect(secrets.get('credential1')).rejects.toThrow(SecretUnreadable);
  });

  it('cannot be read with a shortened tag', async () => {
    await secrets.put('credential1', KEY);
    const content = await stored('credential1');
    const tag = Buffer.from(content.tag ?? '', 'base64')
      .subarray(0, 4)
      .toString('base64');
    await store('credential1', { ...content, tag });
    await expect(secrets.get('credential1')).rejects.toThrow(SecretUnreadable);
  });

  it('cannot be read under another id, to which someone moved them', async () => {
    await secrets.put('credential1', KEY);
    await store('credential2', await stored('credential1'));
    await expect(secrets.get('credential2')).rejects.toThrow(SecretUnreadable);
  });

  it('say nothing of themselves when they cannot be read', async () => {
    await secrets.put('credential1', KEY);
    const failure = await new ArangoSecretStore(database.server, 'other').get('credential1').catch(String);
    expect(failure).toContain('credential1');
    expect(failure).not.toContain('master secret');
  });
});

describe('fingerprints of secrets', () => {
  const server = { name: 'none' } as never;
  const secrets = new ArangoSecretStore(server, 'master secret');

  it('are equal for equal secrets only, and keep the parts apart', () => {
    expect(secrets.fingerprint('ab', 'c')).toBe(new ArangoSecretStore(server, 'master secret').fingerprint('ab', 'c'));
    const all = [
      secrets.fingerprint('ab', 'c'),
      secrets.fingerprint('a', 'bc'),
      secrets.fingerprint('abc'),
      secrets.fingerprint(),
    ];
    expect(new Set(all).size).toBe(4);
  });

  it('cannot be computed without the master secret', () => {
    expect(secrets.fingerprint('x')).not.toBe(new ArangoSecretStore(server, 'other').fingerprint('x'));
  });
});
