import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { GeneralName } from '@peculiar/asn1-x509';

const HOST_CHARACTERS_MAX = 253;
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
/** Underscores are no part of host names by the book, but containers have them. */
const NAME = `(?:\\*\\.)?(?:${LABEL}\\.)*`;
/** A last label of digits alone is an address gone wrong. */
const HOST_NAME = new RegExp(`^${NAME}(?!\\d+$)${LABEL}$`, 'i');
const EMAIL = /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/;

/**
 * A host as a certificate holds it: an IP address without brackets, or a DNS name in ASCII without the final dot. Throws
 * when it is neither, for example a URL.
 */
export function hostOf(text: string): string {
  const bare = text.trim().replace(/^\[(.+)\]$/, '$1');
  if (isIP(bare) && !bare.includes('%')) return canonicalAddress(bare);
  const name = bare.replace(/\.$/, '');
  const ascii = HOST_NAME.test(name) ? name : domainToASCII(name);
  if (HOST_NAME.test(ascii) && ascii.length <= HOST_CHARACTERS_MAX) return ascii;
  throw new Error(`'${text}' is neither a host name nor an IP address`);
}

/** IPv6 has many spellings (`::ffff:192.0.2.1`); URLs know one. */
function canonicalAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** An e-mail address as a certificate holds it; throws when it is none, or not ASCII. */
export function emailOf(text: string): string {
  const email = text.trim();
  if (EMAIL.test(email)) return email;
  throw new Error(`'${text}' is not an e-mail address`);
}

/** Alternative names of a certificate. Empty texts are left out, as unset variables in unit files expand to them. */
export function alternativeNames(hosts: readonly string[], emails: readonly string[]): GeneralName[] {
  const present = (text: string) => text.trim() !== '';
  return [
    ...hosts.filter(present).map((host) => hostName(hostOf(host))),
    ...emails.filter(present).map((email) => new GeneralName({ rfc822Name: emailOf(email) })),
  ];
}

function hostName(host: string): GeneralName {
  return isIP(host) ? new GeneralName({ iPAddress: host }) : new GeneralName({ dNSName: host });
}
