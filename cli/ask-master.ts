import type { Terminal } from './command.ts';
import { connectMasters, type MasterClient } from './master-client.ts';
import type { masterOptions } from './master-options.ts';
import type { OptionValues } from './options.ts';

/** Runs `ask` with a client for the masters that the options name, and closes it whatever happens. */
export async function withMasters<T>(
  options: OptionValues<typeof masterOptions>,
  terminal: Terminal,
  ask: (masters: MasterClient) => Promise<T>,
): Promise<T> {
  const masters = connectMasters(options, terminal.err);
  try {
    return await ask(masters);
  } finally {
    await masters.close();
  }
}
