import { hostname } from 'node:os';
import type { ServerProcess, ServerRole } from '../http/contract.ts';

/** Names of roles as the version and role calls tell them. */
export const ROLE_NAMES: Readonly<Record<ServerRole, string>> = {
  single: 'SINGLE',
  coordinator: 'COORDINATOR',
  dbserver: 'PRIMARY',
  agent: 'AGENT',
};

/**
 * The build facts of `?details=true` (reference 2.1): all names that a 3.12.10 tells, with texts that say whose they are
 * where a client could take them for a fact about the real server.
 */
export function versionDetails(server: ServerProcess): Readonly<Record<string, string>> {
  const { version, features } = server;
  const full = `ArangoDB ${version} enterprise [embedded stand-in of arangosync], Node.js ${process.version}`;
  return {
    architecture: '64bit',
    arm: process.arch === 'arm64' ? 'true' : 'false',
    asan: 'false',
    ...(features.crcInVersionDetails ? { 'asm-crc32': 'true' } : {}),
    assertions: 'false',
    avx: 'false',
    avx2: 'false',
    'boost-version': 'none',
    'build-date': '2026-08-04 14:46:15',
    ...(features.buildIdInVersionDetails ? { 'build-id': 'embedded' } : {}),
    'build-repository': 'arangosync embedded',
    compiler: `v8 ${process.versions.v8}`,
    coverage: 'false',
    cplusplus: 'none',
    'curl-version': 'none',
    debug: 'false',
    endianness: 'little',
    'enterprise-build-repository': 'arangosync embedded',
    'enterprise-version': 'enterprise',
    'failure-tests': 'false',
    ...(features.buildIdInVersionDetails ? { faiss: 'none' } : {}),
    'fd-client-event-handler': 'poll',
    'fd-setsize': '1024',
    'full-version-string': full,
    'icu-version': process.versions.icu ?? 'none',
    ipo: 'false',
    'iresearch-version': 'none',
    jemalloc: 'false',
    libunwind: 'false',
    license: 'enterprise',
    'maintainer-mode': 'false',
    'memory-profiler': 'false',
    ndebug: 'true',
    ...(features.buildIdInVersionDetails ? { openmp: 'none' } : {}),
    'openssl-version-compile-time': process.versions.openssl ?? 'none',
    'openssl-version-run-time': process.versions.openssl ?? 'none',
    'optimization-flags': '',
    pic: '2',
    pie: '2',
    platform: process.platform,
    'reactor-type': 'epoll',
    'replication2-enabled': 'false',
    'rocksdb-version': 'none',
    'server-version': version,
    'sizeof int': '4',
    'sizeof long': '8',
    'sizeof void*': '8',
    sse42: 'false',
    tsan: 'false',
    'unaligned-access': 'false',
    'v8-version': process.versions.v8 ?? 'none',
    'vpack-version': 'none',
    'zlib-version': process.versions.zlib ?? 'none',
    mode: 'server',
    role: ROLE_NAMES[server.role],
    host: hostname(),
  };
}
