import { Agent, request as send } from 'undici';
import { z } from 'zod';
import { keyIdOf, vouchText } from '../events/chain.ts';
import type { SecretRotation } from '../master/secret-rotation.ts';
import type { SecretHasher } from './crypto/commit-hasher.ts';
import { derivedKey } from './crypto/derived-key.ts';
import type { MasterSecrets } from './crypto/master-secrets.ts';
import { signJwt } from './http/jwt.ts';

const TELL_TIMEOUT_MS = 5_000;
const TOKEN_LIFETIME_S = 60;

/** Keys of the event log by id, base64: nothing but reading the log can be done with them. */
const RetiredKeys = z.record(z.string(), z.string());

/** {@link SecretRotation} with the secrets of this process. */
export function secretRotation(masterId: string, secrets: MasterSecrets, hasher: SecretHasher): SecretRotation {
  return {
    keyIds: () => secrets.keyIds(),
    keyIdOf,
    vouch: (prev, keyId) => hasher.hash(vouchText(prev, keyId), keyIdOf(prev)),
    withRetiredKey: (kept, keyId) => {
      const secret = secrets.secretOf(keyId);
      if (secret === undefined) throw new Error(`the master secret of the key ${keyId} is not known here`);
      const before = kept === '' ? {} : RetiredKeys.parse(JSON.parse(kept));
      return JSON.stringify({ ...before, [keyId]: derivedKey(secret, 'event log').toString('base64') });
    },
    tellWorker: async (endpoint, trustedCa, keyId, signal) => {
      const secret = secrets.secretOf(keyId);
      if (secret === undefined) throw new Error(`the master secret of the key ${keyId} is not known here`);
      await tellWorker({ endpoint, trustedCa, secret, masterId, known: secrets.inUseFirst() }, signal);
    },
  };
}

/** Lets the log's readers know the keys that were in use before; `kept` as `withRetiredKey` made it. */
export function knowRetiredKeys(hasher: SecretHasher, kept: string): void {
  for (const key of Object.values(RetiredKeys.parse(JSON.parse(kept)))) hasher.know(Buffer.from(key, 'base64'));
}

interface Telling {
  readonly endpoint: string;
  readonly trustedCa: string;
  readonly secret: string;
  readonly masterId: string;
  /** Secrets that the worker may know already, the likeliest first. */
  readonly known: readonly string[];
}

/** The worker must be the one that our own CA vouches for: the secret goes to nobody else. */
async function tellWorker(
  { endpoint, trustedCa, secret, masterId, known }: Telling,
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({ connect: { ca: trustedCa, timeout: TELL_TIMEOUT_MS } });
  try {
    let status = 0;
    for (const master of known) {
      const exp = Math.ceil(Date.now() / 1000) + TOKEN_LIFETIME_S;
      const token = signJwt({ iss: 'arangosync', server_id: masterId, exp }, master);
      const answer = await send(new URL('/_api/worker/configure', endpoint), {
        method: 'PUT',
        dispatcher: agent,
        headers: { authorization: `bearer ${token}` },
        body: JSON.stringify({ secret }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TELL_TIMEOUT_MS)]),
      });
      await answer.body.dump();
      status = answer.statusCode;
      if (status !== 401) break;
    }
    if (status !== 200) throw new Error(`PUT ${endpoint}/_api/worker/configure: ${status}`);
  } finally {
    await agent.destroy();
  }
}
