import { afterAll } from 'vitest';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import { linkSuite } from './link-suite.ts';
import { loopbackCertificates } from './support/certificates.ts';
import { startDirectLoopback } from './support/direct-loopback.ts';

const certificates = loopbackCertificates();
const started: Awaited<ReturnType<typeof startDirectLoopback>>[] = [];

linkSuite('the direct link, through a master, over HTTPS', async () => {
  const loopback = await startDirectLoopback({ certificates });
  started.push(loopback);
  return { ...(await loopback.connect()), stop: () => loopback.stop() };
});

linkSuite('the link in memory', async () => ({
  ...memoryLink({ targetId: 'target' }),
  stop: async () => undefined,
}));

afterAll(() => {
  for (const { host } of started) if (host.size > 0) throw new Error('a link was left open');
});
