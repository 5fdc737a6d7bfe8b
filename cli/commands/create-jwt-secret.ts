import { randomBytes } from 'node:crypto';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { refuseToReplace, writeAtomically } from '../files.ts';
import { flag, integer, textOr } from '../options.ts';

const LENGTH_MIN = 16;
/** arangod reads secrets of up to 64 characters. */
const LENGTH_MAX = 64;

export const createJwtSecret = defineCommand({
  words: 'create jwt-secret',
  summary: 'Create a file with a random JWT secret',
  options: {
    secret: textOr('secret', 'secret.jwt', { placeholder: 'file', description: 'File to write' }),
    length: integer('length', 32, { description: 'Length of the secret in characters' }),
    force: flag('force', { description: 'Replace an existing file' }),
  },
  run: async ({ secret, length, force }, terminal) => {
    if (length < LENGTH_MIN || length > LENGTH_MAX) {
      throw new UsageError(`--length must be from ${LENGTH_MIN} to ${LENGTH_MAX}, not ${length}`);
    }
    refuseToReplace([secret], force);
    const text = randomBytes(length).toString('hex').slice(0, length);
    writeAtomically(secret, text, 'secret');
    terminal.out(`Created JWT secret in ${secret}`);
    return 0;
  },
});
