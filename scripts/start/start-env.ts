import {BLOCKED_PORTS} from '@voicebridge/shared/config/blocked-ports.ts';
import {choice, guardedUrl, port} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';

/** What `npm start` and `npm run doctor` read themselves; `npm start` gives each process its PORT. */
export const StartEnv = z.object({
  WEBHOOK_PORT: port({min: 1}).default(5050).describe('the port that Twilio, or your tunnel, reaches'),
  EDGE_PORT: port({min: 1}).default(5051).describe('port of the first edge; the next ones take free ports above 5100'),
  WORKER_PORT: port({min: 1})
    .default(5052)
    .describe('port of the first worker; the next ones take free ports above 5100'),
  ANALYTICS_PORT: port({min: 1})
    .refine(value => !BLOCKED_PORTS.has(value), 'is one that browsers refuse to open: take another')
    .default(5053)
    .describe('port of analytics and its dashboard'),
  VOICEBRIDGE_REDIS: choice('private', 'embedded')
    .optional()
    .describe('private or embedded: starts that kind of Redis even if REDIS_URL is set or a server is installed'),
  TWILIO_NUMBER: z
    .string()
    .regex(/^\+[1-9]\d{3,14}$/, 'must be a number in E.164 form, such as +15550100')
    .optional()
    .describe('the number that people call: npm run doctor checks how it is set up, npm start -- --tunnel sets it up'),
  TWILIO_API_URL: guardedUrl('http')
    .default('https://api.twilio.com')
    .describe('where Twilio’s REST API is; another one for an account in another region'),
});
export type StartEnv = z.infer<typeof StartEnv>;
