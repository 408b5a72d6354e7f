import {createHash, createHmac} from 'node:crypto';
import {identityOf} from '@voicebridge/shared/caller-identity.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {findRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {callsApi} from './calls-api/calls-api.ts';
import {CallsOut} from './calls-out/calls-out.ts';
import {twilioRest} from './carriers/twilio/rest.ts';
import {twilioCalls} from './carriers/twilio/calls.ts';
import type {WebhookConfig} from './config.ts';
import {RedisOutCalls} from './redis-out-calls.ts';
import {runCallsOut} from './run-calls-out.ts';
import type {CallsOutDoor} from './start-webhook.ts';

/** Opens what makes calls, if CALL_ALLOW says that there is somebody to call. */
export async function openCallsOut(
  config: WebhookConfig,
  {clock, log}: {readonly clock: Clock; readonly log: Log},
): Promise<(CallsOutDoor & AsyncDisposable) | undefined> {
  const {TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: tokens, CALL_ALLOW, QUIET_HOURS} = config;
  const [token] = tokens;
  if (CALL_ALLOW.length === 0 || account === undefined || token === undefined) return undefined;
  await using opened = new AsyncDisposableStack();
  const variable = config.QUEUE_REDIS_URL === undefined ? 'REDIS_URL' : 'QUEUE_REDIS_URL';
  const {url} = await findRedis(config.QUEUE_REDIS_URL ?? config.REDIS_URL, {variable, use: 'queue'}, log);
  const redis = opened.adopt(openRedis(url, 'queue', log), client => client.disconnect());
  const store = opened.use(new RedisOutCalls(redis));
  const carrier = twilioCalls({
    ours: config,
    ask: twilioRest({api: config.TWILIO_API_URL, accountSid: account, token}),
  });
  const {NUMBER_HASH_KEY: key} = config;
  const hashOf = (number: string) => {
    const text = identityOf(number)?.text ?? number;
    return (key === undefined ? createHash('sha256') : createHmac('sha256', key)).update(text).digest('base64url');
  };
  const settings = {
    everyMs: Math.ceil(1_000 / config.CALLS_OUT_PER_SECOND),
    atOnce: config.CALLS_OUT_AT_ONCE,
    quietHours: QUIET_HOURS ?? undefined,
  };
  const callsOut = new CallsOut({store, carrier, settings, hashOf, clock, log});
  const runner = opened.use(runCallsOut(callsOut, {store, connection: redis, clock, log}));
  const stack = opened.move();
  return {
    callsOut,
    api: (passed, hasAssistant) =>
      callsApi({
        callsOut,
        store,
        hashOf,
        hasAssistant,
        config,
        passed,
        clock,
        log,
        quietHours: settings.quietHours,
        wake: id => runner.wake(id),
      }),
    drain: () => runner.drain(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
