import forge from 'node-forge';

/** A self-signed certificate with its key, in one PEM text. */
export function certificate(): string {
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const made = forge.pki.createCertificate();
  made.publicKey = keys.publicKey;
  made.serialNumber = '01';
  made.validity.notBefore = new Date(Date.now() - 60_000);
  made.validity.notAfter = new Date(Date.now() + 3_600_000);
  const name = [{ name: 'commonName', value: '127.0.0.1' }];
  made.setSubject(name);
  made.setIssuer(name);
  made.sign(keys.privateKey, forge.md.sha256.create());
  return forge.pki.certificateToPem(made) + forge.pki.privateKeyToPem(keys.privateKey);
}
