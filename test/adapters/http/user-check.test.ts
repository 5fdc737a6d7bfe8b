import { describe, expect, it } from 'vitest';
import { arangoUserCheck } from '../../../src/adapters/http/user-check.ts';
import type { ArangoAnswer, ArangoRequest, ArangoServer } from '../../../src/replication/arango.ts';

/** A database that answers when it is told to. */
class SlowServer implements ArangoServer {
  readonly name = 'slow';
  readonly waiting: ((answer: ArangoAnswer) => void)[] = [];

  request(_request: ArangoRequest): Promise<ArangoAnswer> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  json<T>(): Promise<T> {
    return Promise.reject(new Error('not used'));
  }
}

const answer = (result: string) => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ result })) });

describe('checking users at the database', () => {
  it('asks for so many at once only, and for more when those are answered', async () => {
    const server = new SlowServer();
    const check = arangoUserCheck(server);
    const first = Array.from({ length: 32 }, (_, index) => check(`user${index}`, 'x'));
    await expect(check('one too many', 'x')).rejects.toMatchObject({ status: 503 });
    for (const tell of server.waiting.splice(0)) tell(answer('rw'));
    expect(new Set(await Promise.all(first))).toEqual(new Set(['admin']));
    const next = check('next', 'x');
    server.waiting[0]?.(answer('ro'));
    expect(await next).toBe('not-admin');
  });
});
