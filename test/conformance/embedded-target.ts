import { afterAll } from 'vitest';
import { startEmbedded } from '../../src/adapters/embedded/index.ts';
import { Target } from './target.ts';

const JWT_SECRET = 'secret of the conformance suite';
const ROOT_PASSWORD = 'password of the conformance suite';

/** An embedded server for the checks of the calling file, stopped after them. */
export async function startEmbeddedTarget(mode: 'single' | 'cluster', authentication: boolean): Promise<Target> {
  const auth = { jwtSecret: JWT_SECRET, rootPassword: ROOT_PASSWORD };
  const deployment = await startEmbedded({ mode, ...(authentication ? { auth } : {}) });
  afterAll(() => deployment.stop());
  const [first, ...others] = deployment.endpoints;
  if (first === undefined) throw new Error('the embedded server has no endpoint');
  return new Target({
    mode,
    authentication,
    endpoints: [first, ...others],
    rootPassword: authentication ? ROOT_PASSWORD : '',
    jwtSecret: authentication ? JWT_SECRET : undefined,
    dbServers: new Map(deployment.dbServers.map(({ id, endpoint }) => [id, endpoint])),
    control: deployment.control,
  });
}
