import { getContainerRuntimeClient } from 'testcontainers';
import { defineConfig } from 'vitest/config';

const hasServer = process.env.ARANGODB_URL !== undefined || (await hasDocker());
if (!hasServer) {
  process.stdout.write('Skipped for want of Docker: start it, or name a real server in ARANGODB_URL.\n');
}

export default defineConfig({
  test: {
    include: hasServer ? ['test/conformance/conformance.real.ts'] : [],
    passWithNoTests: !hasServer,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});

async function hasDocker(): Promise<boolean> {
  try {
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}
