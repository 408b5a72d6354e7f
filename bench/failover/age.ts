import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {readJournal} from '../../services/realtime-worker/src/events/journal-entry.ts';
import {snapshotOf} from '../../services/realtime-worker/src/journal/restore-call.ts';
import {randomJournal} from '../../services/realtime-worker/src/testing/random-journal.ts';

const TURNS_A_MINUTE = 12;
const COMPACT_AFTER = 100;
/**
 * What was said and heard, and when Twilio was told to forget the rest of it: without that it would still have minutes to play. All
 * else would contradict what the call really is.
 */
const PAST: ReadonlySet<string> = new Set(['item', 'words', 'said', 'hushed', 'complete', 'cut', 'tokens']);

/**
 * Gives calls that have just begun a past of so many minutes: the entries that a conversation of that length leaves, written
 * and compacted as their owner would have. Their next owner reads it, and gives the model every item of it.
 */
export async function ageCalls(redisUrl: string, callSids: readonly string[], minutes: number): Promise<void> {
  const redis = openRedis(redisUrl, 'commands', createLog('bench', {level: 'silent'}));
  const directory = new RedisCallDirectory(redis);
  const turns = randomJournal(seededRandom(7), minutes * TURNS_A_MINUTE);
  const past = turns.filter(({is}) => PAST.has(is)).map(entry => JSON.stringify(entry));
  for (const sid of callSids) {
    const callSid = CallSid.parse(sid);
    const epoch = (await directory.read(callSid))?.epoch ?? 1;
    for (let place = 0; place < past.length; place += COMPACT_AFTER) {
      await directory.append(callSid, epoch, past.slice(place, place + COMPACT_AFTER));
      // Its owner may be writing, too: then the journal has another number of entries by now.
      for (let isCompacted = false; !isCompacted;) {
        const journal = await directory.journal(callSid);
        const entries = readJournal(journal);
        const snapshot = JSON.stringify({is: 'snapshot', wall: entries.at(-1)?.wall, call: snapshotOf(entries)});
        isCompacted = await directory.compact(callSid, epoch, {lines: journal.length, snapshot});
      }
    }
  }
  redis.disconnect();
}
