/** `npm run api-token`: a token for a program that asks the API of analytics. */
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';
import {newApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import {Scope, SCOPES} from '@voicebridge/shared/config/api-tokens.ts';

const {name, scopes} = commandLine({
  command: 'npm run api-token --',
  about: 'Creates a token for a program, and its entry for API_TOKENS. The entry holds only a hash of the token.',
  options: z.object({
    name: z
      .string()
      .regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, _ or -')
      .describe('which program it is for; the audit log names it'),
    scopes: z
      .string()
      .default('read')
      .transform(text => text.split('+'))
      .pipe(z.array(Scope, `must be of ${SCOPES.join('+')}`))
      .describe(`what it may do, of ${SCOPES.join('+')}`),
  }),
});

const {token, entry} = newApiToken(name, scopes);
process.stdout.write(`${token}\n`);
process.stderr.write(
  `This is shown once. The program sends it as "Authorization: Bearer …".\nAdd to API_TOKENS of ${scopes.includes('call') ? 'analytics and of the webhook, which makes the calls' : 'analytics'}, after a comma if it has others:\n${entry}\n`,
);
