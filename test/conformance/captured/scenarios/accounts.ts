import { asked, collection, type Scenario } from '../scenario.ts';

function user(name: string, active = true): string {
  return `POST /_api/user {"user":"${name}","passwd":"secret","active":${active},"extra":{}}`;
}

const admin = user('admin@myapp');
const another = user('anotherAdmin@secapp');
const onSystem = 'PUT /_api/user/anotherAdmin%40secapp/database/_system {"grant":"rw"}';
const serviceToken = 'POST /_api/token/root {"name":"Token for Service A","valid_until":1814400000}';
const reports = '/_api/user/admin@myapp/database/_system/reports';

export const accounts: readonly Scenario[] = [
  asked('RestDeleteUser', 'DELETE /_api/user/userToDelete@myapp {}', user('userToDelete@myapp')),
  {
    name: 'RestFetchAllUser',
    before: [user('tester', false), user('admin')],
    calls: ['GET /_api/user'],
    isUnordered: true,
  },
  asked('RestFetchUser', 'GET /_api/user/admin@myapp', admin),
  {
    name: 'RestFetchUserDatabaseListFull',
    before: [
      ...['animals', 'mycollection', 'demo', 'ignore'].map((name) => `POST /_api/collection {"name":"${name}"}`),
      another,
      onSystem,
    ],
    calls: ['GET /_api/user/anotherAdmin@secapp/database?full=true'],
    isUnordered: true,
  },
  asked('RestFetchUserDatabasePermission', 'GET /_api/user/anotherAdmin@secapp/database/_system', another, onSystem),
  asked('RestGrantCollection', `PUT ${reports} {"grant":"rw"}`, collection('reports'), admin),
  asked('RestGrantDatabase', 'PUT /_api/user/admin@myapp/database/_system {"grant":"rw"}', admin),
  asked('RestReplaceUser', 'PUT /_api/user/admin@myapp {"passwd":"secure"}', admin),
  asked(
    'RestRevokeCollection',
    `DELETE ${reports}`,
    collection('reports'),
    admin,
    'PUT /_api/user/admin%40myapp/database/_system/reports {"grant":"rw"}',
  ),
  asked('RestRevokeDatabase', 'DELETE /_api/user/admin@myapp/database/_system', admin),
  asked('RestUpdateUser', 'PATCH /_api/user/admin@myapp {"passwd":"secure"}', admin),
  asked('RestAccessTokenCreate', serviceToken),
  asked('RestAccessTokenList', 'GET /_api/token/root', serviceToken),
  asked('RestAccessTokenDelete', 'DELETE /_api/token/root/1', serviceToken, 'GET /_api/token/root'),
];
