import { defineCommand } from '../command.ts';
import { flag, oneOf } from '../options.ts';
import { SERVER_VERSIONS } from '../server-versions.ts';

export const demo = defineCommand({
  words: 'demo',
  summary: 'Show two datacenters on this machine, one following the other',
  options: {
    serverVersion: oneOf('server-version', SERVER_VERSIONS, '3.12', {
      description: 'Version of ArangoDB that both datacenters answer as',
    }),
    keep: flag('keep', { description: 'Leave everything running, and print the endpoints and commands to try' }),
  },
  run: async ({ keep, serverVersion }, terminal) => {
    const { runDemo } = await import('../demo/demo.ts');
    return runDemo(terminal, { keep, serverVersion });
  },
});
