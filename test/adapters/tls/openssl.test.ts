import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCa, formatKeyfile, issueCertificate, type KeyType } from '../../../src/adapters/tls/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { needs, run } from './support/tools.ts';

const DAY_MS = 24 * 60 * 60_000;
const folder = temporaryFolder();
const rsa: KeyType = { algorithm: 'rsa', bits: 2048 };
const ec = (curve: 'P256' | 'P384' | 'P521'): KeyType => ({ algorithm: 'ec', curve });
const kinds = [
  { kind: 'server', purpose: 'sslserver', otherPurpose: 'sslclient' },
  { kind: 'client', purpose: 'sslclient', otherPurpose: 'sslserver' },
] as const;
const leafOptions = { hosts: ['h.example', '::1'], emails: ['a@b.example'], commonName: 'x', validForMs: DAY_MS };

const path = (name: string) => join(folder, name);
const openssl = (...argv: string[]) => run('openssl', ...argv);

/** By the letter of RFC 5280; what stands behind the first certificate of `leaf` may serve as its parents. */
function verify(ca: string, purpose: string, leaf: string) {
  const files = ['-CAfile', path(ca), '-untrusted', path(leaf), path(leaf)];
  return openssl('verify', '-x509_strict', '-purpose', purpose, ...files);
}

test.for([
  { name: 'RSA signs RSA', caType: rsa, keyType: rsa },
  { name: 'RSA signs P-256', caType: rsa, keyType: ec('P256') },
  { name: 'P-256 signs RSA', caType: ec('P256'), keyType: rsa },
  { name: 'P-384 signs P-384', caType: ec('P384'), keyType: ec('P384') },
  { name: 'P-521 signs P-521', caType: ec('P521'), keyType: ec('P521') },
])('$name: openssl verifies each kind of certificate for its purpose alone', ({ caType, keyType }, context) => {
  needs('openssl', context);
  const ca = createCa({ commonName: 'CA', validForMs: 2 * DAY_MS, keyType: caType });
  writeFileSync(path('ca.crt'), ca.certificate);
  for (const { kind, purpose, otherPurpose } of kinds) {
    writeFileSync(path('leaf.crt'), issueCertificate({ ca, kind, keyType, ...leafOptions }).certificate);
    expect(verify('ca.crt', purpose, 'leaf.crt')).toMatchObject({ exit: 0 });
    const refused = verify('ca.crt', otherPurpose, 'leaf.crt');
    expect(refused.exit).not.toBe(0);
    expect(refused.output).toMatch(/purpose/);
  }
});

test.for([
  { form: 'SEC1', key: ['ecparam', '-name', 'prime256v1', '-genkey'] },
  { form: 'PKCS#1', key: ['genrsa', '-traditional', '2048'] },
  { form: 'PKCS#8', key: ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp384r1'] },
] as const)(
  "an authority of openssl's own, under a root, with a key in $form form, signs what openssl verifies",
  (made, context) => {
    needs('openssl', context);
    const subject = (name: string) => ['-utf8', '-subj', `/C=DE/O=Müller & Söhne/emailAddress=a@b.example/CN=${name}`];
    const extensions = [
      'basicConstraints=critical,CA:TRUE',
      'subjectKeyIdentifier=hash',
      'keyUsage=critical,keyCertSign',
    ];
    writeFileSync(path('extensions'), extensions.join('\n'));
    for (const name of ['root', 'middle']) {
      const [command, ...options] = made.key;
      expect(openssl(command, '-out', path(`${name}.key`), ...options)).toMatchObject({ exit: 0 });
      const request = ['req', '-new', '-key', path(`${name}.key`), '-out', path(`${name}.csr`), ...subject(name)];
      expect(openssl(...request)).toMatchObject({ exit: 0 });
    }
    const signing = ['x509', '-req', '-extfile', path('extensions'), '-days', '3'];
    const self = ['-in', path('root.csr'), '-signkey', path('root.key'), '-out', path('root.crt')];
    expect(openssl(...signing, ...self)).toMatchObject({ exit: 0 });
    const under = ['-in', path('middle.csr'), '-CA', path('root.crt'), '-CAkey', path('root.key'), '-CAcreateserial'];
    expect(openssl(...signing, ...under, '-out', path('middle.crt'))).toMatchObject({ exit: 0 });

    const text = (name: string) => readFileSync(path(name), 'utf8');
    const ca = { certificate: `${text('root.crt')}${text('middle.crt')}`, key: text('middle.key') };
    const leaf = issueCertificate({ ca, kind: 'server', keyType: rsa, ...leafOptions });
    writeFileSync(path('leaf.keyfile'), formatKeyfile(leaf));
    expect(verify('root.crt', 'sslserver', 'leaf.keyfile')).toMatchObject({ exit: 0 });
  },
);
