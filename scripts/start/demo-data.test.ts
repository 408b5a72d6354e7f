import {expect, test} from 'vitest';
import {DEMO_DATA_DIR, demoDataPlan} from './demo-data.ts';

test('an analyst who looks at demo data needs no key, and whatever .env says, no real call and no real record is touched', () => {
  const values = {
    DATABASE_URL: 'postgres://user:secret@db.example.com/records',
    DATA_DIR: '.voicebridge/analytics',
    REDIS_URL: 'redis://redis.example.com',
    PUBLIC_WEBHOOK_URL: 'https://voice.example.com',
    TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef',
    AFTER_URL: 'https://crm.example.com/calls',
    AFTER_SECRET: 'a secret of sixteen',
    DASHBOARD_PASSWORD: 'correct horse battery',
  };
  const plan = demoDataPlan({values, files: new Map(), unread: new Map()});
  expect(plan.frontDoor).toBeUndefined();
  expect(plan.processes).toMatchObject([{service: 'analytics', env: {DATA_DIR: DEMO_DATA_DIR}}]);
  const env = plan.processes[0]?.env ?? {};
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'AFTER_URL', 'TWILIO_AUTH_TOKEN']) expect(env[name]).toBeUndefined();
  // Who set a password has set it for every record.
  expect(env['DASHBOARD_PASSWORD']).toBe('correct horse battery');
});
