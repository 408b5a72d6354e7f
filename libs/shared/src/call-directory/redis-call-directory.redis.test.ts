import {randomBytes} from 'node:crypto';
import {Cluster} from 'ioredis';
import {afterAll, describe, expect, inject, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {FleetKey} from '../protocol/fleet-key.ts';
import {CallSid, ProcessId, Ticket} from '../protocol/ids.ts';
import {openRedis, type RedisClient} from '../redis/connect.ts';
import {call, callJournal, callPast, CALL_TTL_S, ENDED_CALL_TTL_S, TICKET_TTL_S, ticketKey} from '../redis/keys.ts';
import {describeCallDirectory} from './call-directory.contract.ts';
import {RedisCallDirectory} from './redis-call-directory.ts';

const ours = new FleetKey(['a key of this fleet'], Date.now);
const log = createLog('test', {level: 'silent'});

describe.each(inject('redisKinds'))('on $kind', ({kind, url}) => {
  const redis = openRedis(url, 'commands', log);
  const other = openRedis(url, 'commands', log);
  afterAll(() => {
    redis.disconnect();
    other.disconnect();
  });

  let turn = 0;
  describeCallDirectory(`in ${kind}`, () => new RedisCallDirectory(turn++ % 2 ? redis : other));

  test('every key of a call expires in Redis', async () => {
    const directory = new RedisCallDirectory(redis);
    const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
    const ticket = Ticket.parse(randomBytes(16).toString('hex'));
    await directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-aaaa'), at: 0, ticket});
    await directory.append(callSid, 1, ['hello']);
    await directory.compact(callSid, 1, {lines: 1, snapshot: 'hello'});
    await directory.putTicket(ticket, {callSid, epoch: 1});
    const lifetimes = async () => Promise.all([call, callJournal, callPast].map(key => redis.ttl(key(callSid))));
    for (const seconds of await lifetimes()) expect(seconds).toBeGreaterThan(CALL_TTL_S - 60);
    expect(await redis.ttl(ticketKey(ticket))).toBeGreaterThan(TICKET_TTL_S - 10);
    await directory.end(callSid, 1);
    const [left = 0, ...gone] = await lifetimes();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(ENDED_CALL_TTL_S);
    expect(gone).toEqual([-2, -2]);
  });

  test('a call can be claimed on a Redis that does not have our scripts yet', async () => {
    for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) await node.script('FLUSH');
    const directory = new RedisCallDirectory(redis);
    const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
    const claim = await directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-aaaa'), at: 0});
    expect(claim.won).toBe(true);
  });

  /** The client of this Redis with some of its commands replaced. */
  const having = (commands: Readonly<Record<string, unknown>>): RedisClient =>
    new Proxy(redis, {
      get: (client, name) => commands[String(name)] ?? Reflect.get(client, name, client),
    });

  test('no caller waits for the shard of a Cluster that has the lists of calls', async () => {
    const directory = new RedisCallDirectory(having({sadd: () => new Promise(() => {})}));
    const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
    const claim = await directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-aaaa'), at: 0});
    expect(claim.won).toBe(true);
  });

  test('the next owner gets what the one before wrote last, even if the journal was read before the claim', async () => {
    const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
    const first = new RedisCallDirectory(redis);
    await first.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-aaaa'), at: 0});
    await first.append(callSid, 1, ['hello', 'goodbye']);
    for (const early of [
      [],
      (await redis.xrange(callJournal(callSid), '-', '+')).slice(0, 1),
      [['0-1', ['entry', 'the snapshot of another moment']]],
    ]) {
      let reads = 0;
      const xrange = async (...args: Parameters<typeof redis.xrange>) =>
        (reads += 1) === 1 ? early : await redis.xrange(...args);
      const next = new RedisCallDirectory(having({xrange}));
      const {epoch = 0} = (await first.read(callSid)) ?? {};
      const claim = await next.claim(callSid, {epoch, owner: ProcessId.parse('worker-bbbb'), at: 0});
      expect(claim).toMatchObject({won: true, journal: ['hello', 'goodbye']});
    }
  });

  describeCallDirectory(`in ${kind}, signed`, () => new RedisCallDirectory(redis, ours));

  test('with a key, a caller is not sent where somebody else has written, and that is counted', async () => {
    const key = new FleetKey(['a key of this fleet'], Date.now);
    const directory = new RedisCallDirectory(redis, key);
    let refused = 0;
    key.onRefused(() => (refused += 1));
    const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
    const facts = {edgeUrl: 'wss://edge.example.com', direction: 'inbound'};
    await directory.claim(callSid, {epoch: 0, owner: ProcessId.parse('worker-aaaa'), at: 0, facts});
    await directory.intend(callSid, 1, 'transfer', {transferTo: '+15550100'});
    expect((await directory.read(callSid))?.facts).toEqual({...facts, transferTo: '+15550100'});
    await redis.hset(call(callSid), 'fact:transferTo', '+19005550100', 'fact:edgeUrl', 'wss://evil.example.net');
    expect((await directory.read(callSid))?.facts).toEqual({direction: 'inbound'});
    expect(refused).toBe(2);
    const another = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
    const stolen = await redis.hgetall(call(callSid));
    await redis.hset(call(another), {...stolen, 'fact:transferTo': '+15550100'});
    expect((await directory.read(another))?.facts).toEqual({direction: 'inbound'});
  });
});
