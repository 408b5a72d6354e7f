import {Router} from 'express';
import {z} from 'zod';
import {BadQuestion} from '../queries/bad-question.ts';
import type {Phones} from '../phone/phones.ts';
import {demand, viewerOf} from './gate.ts';
import {jsonBody} from './json-body.ts';
import {readRequest} from './read-request.ts';

/** What somebody dials on the page of the phone. */
export const Dial = z.strictObject({
  to: z
    .string()
    .regex(/^(\+[1-9]\d{2,14}|client:[\w.+-]{1,100})$/, 'must be a number such as +4722334455')
    .default('+15005550006')
    .describe('the number that is called: it decides which assistant answers'),
});
export const DialAnswer = z.object({ticket: z.string().describe('opens the socket /phone/{ticket}, once')});

/** Who the phone says it is. */
const FROM = 'client:browser';

/** The phone in the browser (BROWSER_PHONE). */
export function phoneRoutes(phones: Phones | undefined): Router {
  const routes = Router();
  routes.post('/api/phone', jsonBody('4kb'), (request, response) => {
    // On this machine, where nobody signs in, whoever turned the phone on has allowed it.
    const viewer = viewerOf(request);
    if (viewer.who !== null) demand(viewer, 'call');
    const {to} = readRequest(Dial, request.body ?? {});
    if (!phones)
      throw new BadQuestion({error: 'the phone is off', cure: 'run npm run talk, or set BROWSER_PHONE=on'}, 409);
    const ticket = phones.dial({to, from: FROM, viewer});
    if (ticket === undefined)
      throw new BadQuestion({error: 'all phones are in use', cure: 'end one of the calls, or wait a moment'}, 429);
    response.json({ticket});
  });
  return routes;
}
