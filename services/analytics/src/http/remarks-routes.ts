import {Router, type Request} from 'express';
import {z} from 'zod';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {exportChanged} from '../exports/export-rows.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {Tag} from '../queries/call-filter.ts';
import {MOST, remarkOn, removeRemark, tagCall} from '../queries/write-on-call.ts';
import {CallPath} from './calls-routes.ts';
import {demand, viewerOf} from './gate.ts';
import {jsonBody} from './json-body.ts';
import {readRequest} from './read-request.ts';

export const NewTag = z.strictObject({tag: Tag});
export const TagsAnswer = z.object({tags: z.array(z.string()).describe('all tags of the call now')});
export const NewRemark = z.strictObject({
  text: z.string().trim().min(1, 'must not be empty').max(2_000).describe('what somebody has to say about the call'),
});
export const RemarkAnswer = z.object({id: z.string().describe('by which it is taken away')});

export const TagPath = CallPath.extend({tag: Tag});
export const RemarkPath = CallPath.extend({
  id: z
    .string()
    .regex(/^\d{1,18}$/, 'must be the number of a remark')
    .meta({description: 'which remark', examples: ['12']}),
});

/** What analysts write on calls. Needs a sign-in or a token with the scope `tag`; each time the audit gets a row. */
export function remarksRoutes(database: DatabaseWatch): Router {
  const routes = Router();
  const writerOf = (request: Request) => {
    const viewer = viewerOf(request);
    demand(viewer, 'tag');
    return {who: viewer.who, address: request.ip};
  };

  const tag = async (request: Request, asked: {callSid: string; tag: string}, isOn: boolean) => {
    const writer = writerOf(request);
    const tagged = await database.now.transaction().execute(async tx => {
      const done = await tagCall(tx, {...asked, isOn}, writer);
      if (done === 'full')
        throw new BadQuestion({error: `the call has ${MOST} tags already`, cure: 'take one of them off first'}, 409);
      if (done?.isNew) await exportChanged(tx, [done.startedAt]);
      return done;
    });
    return {tags: tagged?.tags ?? missing()};
  };

  routes.post('/api/calls/:callSid/tags', jsonBody('4kb'), async (request, response) => {
    const {callSid} = readRequest(CallPath, request.params);
    response.json(await tag(request, {callSid, ...readRequest(NewTag, request.body ?? {})}, true));
  });

  routes.delete('/api/calls/:callSid/tags/:tag', async (request, response) => {
    response.json(await tag(request, readRequest(TagPath, request.params), false));
  });

  routes.post('/api/calls/:callSid/remarks', jsonBody('16kb'), async (request, response) => {
    const writer = writerOf(request);
    const {callSid} = readRequest(CallPath, request.params);
    const {text} = readRequest(NewRemark, request.body ?? {});
    response.json({id: (await remarkOn(database.now, {callSid, text}, writer)) ?? missing()});
  });

  routes.delete('/api/calls/:callSid/remarks/:id', async (request, response) => {
    const writer = writerOf(request);
    const {callSid, id} = readRequest(RemarkPath, request.params);
    if (!(await removeRemark(database.now, {callSid, id}, writer))) missing();
    response.json({id});
  });
  return routes;
}

function missing(): never {
  throw new BadQuestion(
    {error: 'there is no such call or remark', cure: `it may have been deleted; a call has ${MOST} remarks at most`},
    404,
  );
}
