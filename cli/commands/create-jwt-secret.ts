import { randomBytes } from 'node:crypto';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { refuseToReplace, writeAtomically } from '../files.ts';
import { flag, integer, textOr } from '../options.ts';

const BYTES_MIN = 16;
/** arangod reads secrets of up to 64 characters, and each byte takes two. */
const BYTES_MAX = 32;

export const createJwtSecret = defineCommand({
  words: 'create jwt-secret',
  summary: 'Create a file with a random JWT secret',
  options: {
    secret: textOr('secret', 'secret.jwt', { placeholder: 'file', description: 'File to write' }),
    length: integer('length', BYTES_MAX, { description: 'Number of random bytes; the file holds two digits for each' }),
    force: flag('force', { description: 'Replace an existing file' }),
  },
  run: async ({ secret, length, force }, terminal) => {
    if (length < BYTES_MIN || length > BYTES_MAX) {
      throw new UsageError(`--length must be from ${BYTES_MIN} to ${BYTES_MAX} bytes, not ${length}`);
    }
    refuseToReplace([secret], force);
    writeAtomically({ path: secret, content: randomBytes(length).toString('hex'), kind: 'secret' });
    terminal.out(`Created JWT secret in ${secret}`);
    return 0;
  },
});
