import {existsSync} from 'node:fs';
import type {Given} from '@voicebridge/shared/config/given.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {planProcesses, type Plan} from './plan.ts';

/** Where `npm run seed-data` puts its database, and where nothing else is. */
export const DEMO_DATA_DIR = '.voicebridge/demo-data';

/** Settings that lead to real calls or real records. */
const NOT_FOR_DEMO = [
  'DATABASE_URL',
  'REDIS_URL',
  'QUEUE_REDIS_URL',
  'PUBLIC_WEBHOOK_URL',
  'PUBLIC_EDGE_URL',
  'BROWSER_PHONE',
  'AFTER_URL',
  'RECORDINGS_URL',
];

/** `npm start -- --demo-data`: the dashboard alone, with the demo data. It needs no account and takes no calls. */
export function demoDataPlan(given: Given): Plan {
  const plan = planProcesses(demoSettings(given), {edges: 1, workers: 1}, []);
  return {
    ...plan,
    processes: plan.processes.filter(({service}) => service === 'analytics'),
    edgeUrls: [],
    warnings: [],
  };
}

/** What is set, without what leads to real calls. */
export function demoSettings(given: Given): Given {
  const values = {...given.values, DATA_DIR: DEMO_DATA_DIR, OPENAI_API_KEY: 'not-used'};
  for (const name of NOT_FOR_DEMO) delete (values as Record<string, string | undefined>)[name];
  return {...given, values};
}

/** Throws `CannotStart` before anything is started for nothing. */
export function requireDemoData(): void {
  if (existsSync(DEMO_DATA_DIR)) return;
  throw new CannotStart(
    `there is no demo data in ${DEMO_DATA_DIR} yet: npm run seed-data makes it, in a minute or two`,
  );
}

/** Said when it is ready. */
export function demoDataLines({processes}: Pick<Plan, 'processes'>): string[] {
  return [
    `Demo data, made by simulated calls: http://127.0.0.1:${processes[0]?.port}/`,
    'No calls are taken. Delete the data with: npm run seed-data -- --drop',
  ];
}
