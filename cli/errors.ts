/** Bad input on the command line: one line that names the flag and what is wrong with it; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that was understood and did not succeed; exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** A master said no; another one would say the same. */
export class MasterRefused extends CommandFailed {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
