import { createLogger } from '../../../src/adapters/logging/logger.ts';
import { startMaster } from '../../../src/adapters/master-process.ts';

/** A master in a process of its own, so that a test can kill it: options come as JSON, the port goes to the parent. */
const options = JSON.parse(process.argv[2] ?? '{}');
const log = createLogger({ level: 'warn', role: 'master' });
const master = await startMaster({ ...options, log });
process.send?.({ id: master.id, port: master.port });
