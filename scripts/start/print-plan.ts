import type {Env} from '@voicebridge/shared/config/config.ts';
import type {Given} from '@voicebridge/shared/config/given.ts';
import {configLines, shownConfig, type Shown} from '@voicebridge/shared/config/print-config.ts';
import type {z} from 'zod';
import {SCHEMAS, type Plan} from './plan.ts';
import {StartEnv} from './start-env.ts';

/**
 * The lines of `npm start -- --print-config`: every setting of every process, without secrets. `before`: the environment
 * without what `.env` added.
 */
export function planLines({processes}: Pick<Plan, 'processes'>, given: Given, before: Env): string[] {
  const block = (heading: string, schema: z.ZodObject, env: Env) => [
    heading,
    ...configLines(settings(schema, env, given, before)).map(line => `  ${line}`),
  ];
  return [
    ...block('npm start', StartEnv, given.values),
    ...processes.flatMap(({name, service, env}) => ['', ...block(name, SCHEMAS[service], env)]),
  ];
}

function settings(schema: z.ZodObject, env: Env, given: Given, before: Env): Shown[] {
  const values = Object.fromEntries(Object.entries(env).filter(entry => entry[1] !== undefined)) as Record<
    string,
    string
  >;
  const asGiven = (name: string) => values[name] === given.values[name];
  const files = new Map([...given.files].filter(([name]) => asGiven(name)));
  const sourceOf = (name: string) => (!asGiven(name) ? 'npm start' : before[name] ? 'environment' : '.env');
  return shownConfig(schema, {values, files, unread: new Map()}, sourceOf).map(one =>
    one.name === 'REDIS_URL' && one.value === 'not set'
      ? {...one, source: 'npm start', value: 'a Redis that it provides'}
      : one,
  );
}
