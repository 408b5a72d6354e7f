import {background} from '@voicebridge/shared/observability/log.ts';
import {call as keyOfCall} from '@voicebridge/shared/redis/keys.ts';
import type {CallDeps} from './call-deps.ts';
import {RedisReturn} from './redis-return.ts';
import type {CallDoor, CallParts} from './wire-call.ts';

/** Looks now and then at what no event of a call reports. */
export class PeriodicChecks {
  readonly #parts: CallParts;
  readonly #deps: CallDeps;
  readonly #door: CallDoor;
  readonly #redis: RedisReturn;

  constructor(parts: CallParts, deps: CallDeps, door: CallDoor) {
    this.#parts = parts;
    this.#deps = deps;
    this.#door = door;
    this.#redis = new RedisReturn(() => deps.wellSince(keyOfCall(door.call.callSid)));
  }

  /** To be called once a second, as long as the call is not over. */
  run(): void {
    const {journal, log, model, recording, rescue, spend, stream} = this.#parts;
    const {clock, metrics, wellSince} = this.#deps;
    if (this.#redis.isBack()) background(journal.verifyOwnership(), log, 'looking for the call');
    journal.review();
    spend.review();
    recording?.review(clock.now());
    const ms = stream.hopMs;
    if (ms !== undefined) {
      metrics.hopSeconds.observe(ms / 1_000);
      this.#door.on({type: 'hop', ms});
    }
    stream.checkEdge(wellSince);
    rescue.review(model.waitingSince);
  }
}
