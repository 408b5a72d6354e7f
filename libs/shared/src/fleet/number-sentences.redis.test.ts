import {afterAll, describe, expect, inject, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {openRedis} from '../redis/connect.ts';
import {assistantNames, numberSentences} from '../redis/keys.ts';
import {RedisNumberSentences, sentencesFor} from './number-sentences.ts';

const log = createLog('test', {level: 'silent'});

describe.each(inject('redisKinds'))('on $kind', ({url}) => {
  const redis = openRedis(url, 'commands', log);
  afterAll(() => redis.disconnect());

  test('what the assistants of numbers say is what was told last, and nothing where it cannot be read', async () => {
    const sentences = new RedisNumberSentences(redis);
    await sentences.tell({'+47': {overloadSay: 'Busy.'}}, []);
    await sentences.tell({'*': {failureSay: 'Sorry.'}, '+47': {}}, ['reception']);
    expect(await sentences.names()).toEqual(['reception']);
    const read = await sentences.read();
    expect([sentencesFor(read, '+47'), sentencesFor(read, '+48'), sentencesFor(read, undefined)]).toEqual([
      {},
      {failureSay: 'Sorry.'},
      {failureSay: 'Sorry.'},
    ]);
    await redis.set(numberSentences, '{"+47": 3}');
    expect(await sentences.read()).toEqual({});
    await redis.del(numberSentences);
    await redis.del(assistantNames);
    expect(await sentences.names()).toBeUndefined();
    expect(await sentences.read()).toEqual({});
  });
});
