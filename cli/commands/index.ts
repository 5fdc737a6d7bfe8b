import type { Command } from '../command.ts';
import { checkSync } from './check-sync.ts';
import { configureSync } from './configure-sync.ts';
import { createClientAuthCa, createTlsCa } from './create-ca.ts';
import { createJwtSecret } from './create-jwt-secret.ts';
import { createClientAuthKeyfile, createTlsCertificate, createTlsKeyfile } from './create-leaf.ts';
import { demo } from './demo.ts';
import { embedded } from './embedded.ts';
import { getMasters, getTasks, getVersion, getWorkers } from './get-lists.ts';
import { getStatus } from './get-status.ts';
import { getMessageTimeout, setMessageTimeout } from './message-timeout.ts';
import { abortOutgoingSync, confirmDrops, resetFailedShard } from './repair.ts';
import { reverseSync } from './reverse-sync.ts';
import { runMaster } from './run-master.ts';
import { runWorker } from './run-worker.ts';
import { abortSync, stopSync } from './stop-sync.ts';

/** Every command, in the order in which the help shows them. */
export const commands: readonly Command[] = [
  runMaster,
  runWorker,
  configureSync,
  getStatus,
  checkSync,
  getTasks,
  getMasters,
  getWorkers,
  getVersion,
  stopSync,
  abortSync,
  reverseSync,
  abortOutgoingSync,
  resetFailedShard,
  confirmDrops,
  setMessageTimeout,
  getMessageTimeout,
  createTlsCa,
  createTlsKeyfile,
  createTlsCertificate,
  createClientAuthCa,
  createClientAuthKeyfile,
  createJwtSecret,
  embedded,
  demo,
];
