/** Bad input on the command line: one line that names the flag and what is wrong with it; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that was understood and did not succeed; exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
