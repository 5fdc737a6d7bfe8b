import { endpoints, file, secret, text } from './options.ts';

/** The options of every command that talks to a master. Any one way of authentication is enough. */
export const masterOptions = {
  endpoints: endpoints('master.endpoint', { description: 'Masters to ask, any or all of them; may be repeated' }),
  caCertificate: file('master.cacert', {
    description: "CA that signed the masters' certificates; without it they are not verified",
  }),
  user: text('auth.user', { placeholder: 'user', description: 'User of the ArangoDB beside the master' }),
  password: secret('auth.password', { description: 'Password of that user' }),
  keyfile: file('auth.keyfile', { description: 'Keyfile of a client certificate to authenticate with' }),
  jwtSecret: secret('auth.jwt-secret', { description: 'JWT secret of the masters to authenticate with' }),
};
