import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {expect, test} from 'vitest';
import {assistantTools} from '../tools/assistant-tools.ts';
import {standardAssistant, WorkerEnv} from '../config.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {openModelAdapter} from '../open-model-adapter.ts';
import {rehearse} from './rehearse.ts';

test('a worker rehearses with the configured adapter: rehearsed calls get a session that answers, and all are closed', async () => {
  const config = loadConfig(WorkerEnv, {OPENAI_API_KEY: 'k', REDIS_URL: 'redis://x'});
  const events: ModelEvent['type'][] = [];
  let open = 0;
  await rehearse({
    assistant: {...standardAssistant(config), tools: assistantTools, version: 'v1', given: {}},
    clock: systemClock,
    key: new FleetKey(['0123456789abcdef0123456789abcdef'], () => systemClock.wall()),
    openAdapter(url, deps) {
      const adapter = openModelAdapter({...config, OPENAI_REALTIME_URL: url}, deps);
      return {
        traits: adapter.traits,
        open(settings) {
          open += 1;
          const session = adapter.open(settings);
          const listenTo = session.onEvent.bind(session);
          session.onEvent = listener =>
            listenTo((event, arrivedAt) => {
              events.push(event.type);
              listener(event, arrivedAt);
            });
          const close = session[Symbol.asyncDispose].bind(session);
          session[Symbol.asyncDispose] = () => {
            open -= 1;
            return close();
          };
          return session;
        },
      };
    },
  });
  expect(new Set(events)).toEqual(new Set([...new Set(events), 'ready', 'audio', 'audioEnded', 'responseEnded']));
  expect(events).not.toContain('lost');
  expect(events).not.toContain('mended');
  expect(open).toBe(0);
});
