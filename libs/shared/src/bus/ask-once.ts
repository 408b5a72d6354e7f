import type {RedisAccess} from '../redis/client.ts';
import type {Clock} from '../time.ts';
import type {Address} from './address.ts';
import {promised} from './askers.ts';
import {MediaConnection} from './media-connection.ts';
import {Batch} from './resp-batch.ts';
import type {RespValue} from './resp-reader.ts';

/** Asks a node one thing by a connection of its own. Rejects if it does not answer, or refuses. */
export async function askOnce(
  address: Address,
  access: RedisAccess,
  clock: Clock,
  words: readonly string[],
): Promise<RespValue> {
  const {promise, ...asker} = promised();
  const question = new Batch();
  question.command(words, asker);
  const connection = new MediaConnection(address, access, clock, new Batch(), {
    opened: () => connection.write(question),
    message: () => {},
    pushed: () => {},
    moved: () => false,
    settled: () => {},
    closed: error => question.abandon(error),
  });
  try {
    return await promise;
  } finally {
    connection.end();
  }
}
