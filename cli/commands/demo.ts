import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';

export const demo = defineCommand({
  words: 'demo',
  summary: 'Show two datacenters on this machine, one following the other',
  options: {
    keep: flag('keep', { description: 'Leave everything running, and print the endpoints and commands to try' }),
  },
  run: async ({ keep }, terminal) => (await import('../demo/demo.ts')).runDemo(terminal, keep),
});
