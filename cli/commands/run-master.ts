import type { Logger } from '../../src/adapters/logging/logger.ts';
import { defineCommand } from '../command.ts';
import { defined } from '../defined.ts';
import { UsageError } from '../errors.ts';
import { retentionOf, retentionOptions } from '../events/retention-options.ts';
import { checkCaFile, readKeyfile } from '../keyfile.ts';
import { duration, endpoints, file, flag, integer, list, oneOf, requiredSecret, text } from '../options.ts';
import { processOptions, runProcess, versionInfo } from '../process-options.ts';
import { reloadOf } from '../reload.ts';
import { masterSecret, reloadableFile, requiredReloadableFile } from '../reloadable-options.ts';
import { replicationFactorOf, replicationFactorOptions } from '../replication-factor-options.ts';
import { verificationOf, verificationOptions } from '../verification-options.ts';

const kafka = (description: string) => ({ description: `${description} (Kafka only)` });

export const runMaster = defineCommand({
  words: 'run master',
  summary: 'Run a sync master beside an ArangoDB deployment',
  options: {
    clusterEndpoints: endpoints('cluster.endpoint', {
      description: 'Coordinators, or the single server; may be repeated',
    }),
    clusterJwtSecret: requiredSecret('cluster.jwt-secret', { description: 'JWT secret of the ArangoDB deployment' }),
    clusterCa: file('cluster.cacert', {
      description: "CA that signed ArangoDB's certificates; without it they are not verified",
    }),
    excludeRootUser: flag('cluster.exclude-root-user', {
      description: "As a target keep this deployment's own user root; all other users come from the source",
    }),
    keyfile: requiredReloadableFile('server.keyfile', {
      description: "This master's TLS certificate and key; read again on SIGHUP",
    }),
    clientCa: reloadableFile('server.client-cafile', {
      description: 'CA that signs the client certificates this master accepts; read again on SIGHUP',
    }),
    serverEndpoints: endpoints('server.endpoint', { description: 'How this datacenter reaches this master' }, false),
    port: integer('server.port', 8629, { description: 'Port to listen on' }),
    publicEndpoints: endpoints(
      'master.endpoint',
      { description: 'How the other datacenter reaches the masters (default: --server.endpoint)' },
      false,
    ),
    masterSecret: masterSecret('master.jwt-secret', {
      description: 'JWT secret that masters and workers share, or a folder of them; read again on SIGHUP',
    }),
    masterCa: file('master.cacert', {
      description: "CA that signed the masters' certificates; without it they are not verified",
    }),
    mqType: oneOf('mq.type', ['direct', 'kafka'], 'direct', { description: 'Message queue between the datacenters' }),
    kafkaAddresses: list('mq.kafka-addr', kafka('Broker')),
    kafkaKeyfile: text('mq.kafka-client-keyfile', kafka('Client keyfile')),
    kafkaCa: text('mq.kafka-cacert', kafka('CA of the brokers')),
    transportTopics: list('mq.transport-topic', kafka('Topic to use')),
    transportTopicsFile: text('mq.transport-topicsfile', kafka('File with the topics to use, one a line')),
    quietTime: duration('sync.quiet-time', '30m', {
      description: 'No write that a server of ArangoDB has taken lands later than this; longer where its time-outs are',
    }),
    ...replicationFactorOptions,
    ...verificationOptions,
    ...retentionOptions,
    ...processOptions,
  },
  run: (values, terminal) => {
    refuseKafka(values);
    readKeyfile('--server.keyfile', values.keyfile.value, 'server');
    checkCaFile('--server.client-cafile', values.clientCa.value);
    const { clusterEndpoints, clusterJwtSecret, port, publicEndpoints, mqType } = values;
    const { clusterCa, masterCa, monitoringToken, excludeRootUser } = values;
    const events = retentionOf(values);
    const endpoint = values.serverEndpoints[0];
    const [keyfile, clientCa] = [values.keyfile.value, values.clientCa.value];
    const masterSecret = values.masterSecret.value.secrets;
    const verification = verificationOf(values);
    const optional = defined({ clusterCa, clientCa, masterCa, monitoringToken, endpoint, events, verification });
    const times = { quietTimeMs: values.quietTime };
    const replicationFactor = replicationFactorOf(values);
    const required = {
      times,
      replicationFactor,
      clusterEndpoints,
      clusterJwtSecret,
      keyfile,
      port,
      publicEndpoints,
      masterSecret,
      mqType,
      excludeRootUser,
    };
    const start = async (log: Logger) => {
      // Loaded here, so that commands that only ask a master start quickly.
      const { startMaster } = await import('../../src/adapters/master-process.ts');
      return startMaster({ ...required, ...optional, log, version: versionInfo() }, terminal.interrupted);
    };
    return runProcess('master', values, terminal, start, (master) => [
      reloadOf(values.keyfile, (text) => master.reload({ keyfile: text })),
      reloadOf(values.clientCa, async (text) => {
        checkCaFile('it', text);
        if (text !== undefined) await master.reload({ clientCa: text });
      }),
      reloadOf(values.masterSecret, (masterSecrets) => master.reload({ masterSecrets })),
    ]);
  },
});

/** The unit files give Kafka's options; without Kafka they would do nothing, which must not pass unnoticed. */
function refuseKafka(values: {
  readonly mqType: string;
  readonly kafkaAddresses: readonly string[];
  readonly kafkaKeyfile: string | undefined;
  readonly kafkaCa: string | undefined;
  readonly transportTopics: readonly string[];
  readonly transportTopicsFile: string | undefined;
}): void {
  if (values.mqType === 'kafka') {
    throw new UsageError(
      '--mq.type=kafka is not supported yet: use --mq.type=direct, and leave out the other --mq options',
    );
  }
  const given = {
    '--mq.kafka-addr': values.kafkaAddresses[0],
    '--mq.kafka-client-keyfile': values.kafkaKeyfile,
    '--mq.kafka-cacert': values.kafkaCa,
    '--mq.transport-topic': values.transportTopics[0],
    '--mq.transport-topicsfile': values.transportTopicsFile,
  };
  const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (flag !== undefined) throw new UsageError(`${flag} goes with --mq.type=kafka, which is not supported yet`);
}
