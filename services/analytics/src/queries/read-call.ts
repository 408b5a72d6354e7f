import type {Kysely} from 'kysely';
import type {CallDetail} from './call-shapes.ts';
import {callOf} from './list-calls.ts';
import type {Schema} from '../database/schema.ts';

/** Who asks: what people said, and their numbers, are only for somebody who signed in. */
export type Viewer = {readonly signIn: 'off'} | {readonly signIn: 'required'; readonly session: string | undefined};

/** Everything about one call; undefined when there is no such call. A look at a transcript is written down. */
export async function readCall(db: Kysely<Schema>, callSid: string, viewer: Viewer): Promise<CallDetail | undefined> {
  const row = await db.selectFrom('calls').selectAll().where('callSid', '=', callSid).executeTakeFirst();
  if (!row) return undefined;
  const session = viewer.signIn === 'required' ? viewer.session : undefined;
  const turns = await db
    .selectFrom('turns')
    .select(['turn', 'cause', 'callerStartedAtMs', 'callerEndedAtMs', 'decidedAtMs', 'firstDeltaAtMs'])
    .select(['audioStartedAtMs', 'audioEndedAtMs', 'platformTurnGapMs', 'endOfTurnDelayMs', 'modelTtfbMs'])
    .select(['hopUpMs', 'hopDownMs', 'generatedMs', 'heardMs', 'interrupted', 'responseStatus', 'model', 'worker'])
    .where('callSid', '=', callSid)
    .orderBy('turn')
    .execute();
  const interruptions = await db
    .selectFrom('interruptions')
    .select(['interruption', 'turn', 'atMs', 'reactionMs', 'tStopMs', 'talkOverMs', 'unheardMs', 'truncatedAtMs'])
    .select(['uncertaintyMs', 'refused', 'falseInterruption'])
    .where('callSid', '=', callSid)
    .orderBy('interruption')
    .execute();
  const toolCalls = await db
    .selectFrom('toolCalls')
    .select(['toolCall', 'turn', 'name', 'atMs', 'durationMs', 'ok'])
    .where('callSid', '=', callSid)
    .orderBy('toolCall')
    .execute();
  const failovers = await db
    .selectFrom('failovers')
    .select(['failover', 'kind', 'atMs', 'gapMs', 'fromProcess', 'toProcess'])
    .where('callSid', '=', callSid)
    .orderBy('failover')
    .execute();
  const lines = await db
    .selectFrom('transcripts')
    .select(['line', 'turn', 'role', 'atMs', 'text', 'cut'])
    .where('callSid', '=', callSid)
    .orderBy('line')
    .execute();
  const shown = session !== undefined;
  if (shown && (lines.length > 0 || row.callerNumber !== null))
    await db.insertInto('audit').values({action: 'transcript.read', subject: callSid, session}).execute();
  return {
    call: callOf(row),
    callerNumber: shown ? row.callerNumber : null,
    calleeNumber: shown ? row.calleeNumber : null,
    turns,
    interruptions,
    toolCalls,
    failovers,
    transcript: shown ? lines : [],
    transcriptState:
      lines.length === 0 ? 'not-kept' : shown ? 'shown' : viewer.signIn === 'off' ? 'no-password' : 'sign-in',
  };
}
