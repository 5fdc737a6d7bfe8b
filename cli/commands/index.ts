import type { Command } from '../command.ts';
import { getBarrier } from './barrier.ts';
import { checkSync } from './check-sync.ts';
import { configureSync } from './configure-sync.ts';
import { createClientAuthCa, createTlsCa } from './create-ca.ts';
import { createClientAuthCertificate, createTlsCertificate } from './create-certificate.ts';
import { createJwtSecret } from './create-jwt-secret.ts';
import { createClientAuthKeyfile, createTlsKeyfile } from './create-keyfile.ts';
import { createClientAuthKeystore, createTlsKeystore } from './create-keystore.ts';
import { demo } from './demo.ts';
import { embedded } from './embedded.ts';
import { eventsExport } from './events-export.ts';
import { eventsList, eventsTail } from './events-list.ts';
import { eventsShow } from './events-show.ts';
import { eventsVerify } from './events-verify.ts';
import { getMasters, getTasks, getVersion, getWorkers } from './get-lists.ts';
import { getStatus } from './get-status.ts';
import { getMessageTimeout, setMessageTimeout } from './message-timeout.ts';
import { pauseSync, resumeSync } from './pause-sync.ts';
import { abortOutgoingSync, confirmDrops, resetFailedShard } from './repair.ts';
import { replay } from './replay.ts';
import { reverseSync } from './reverse-sync.ts';
import { runMaster } from './run-master.ts';
import { runWorker } from './run-worker.ts';
import { abortSync, stopSync } from './stop-sync.ts';
import { getThrottle, setThrottle } from './throttle.ts';

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
  getBarrier,
  pauseSync,
  resumeSync,
  stopSync,
  abortSync,
  reverseSync,
  abortOutgoingSync,
  resetFailedShard,
  confirmDrops,
  setMessageTimeout,
  getMessageTimeout,
  setThrottle,
  getThrottle,
  eventsList,
  eventsTail,
  eventsShow,
  eventsExport,
  eventsVerify,
  replay,
  createTlsCa,
  createTlsKeyfile,
  createTlsCertificate,
  createTlsKeystore,
  createClientAuthCa,
  createClientAuthKeyfile,
  createClientAuthCertificate,
  createClientAuthKeystore,
  createJwtSecret,
  embedded,
  demo,
];
