import type {FakeSession} from './fake-session.ts';

/** A session as JSON, for other processes. Moments are monotonic ms of this process. */
export function sessionSummary(session: FakeSession) {
  const {id, model, headers, openedAt, closedAt, closeCode, heardBytes, refusals, responses, speech, faults} = session;
  const {arrivals} = session;
  return {
    id,
    model,
    /** The caller, if the client names one (`OpenAI-Safety-Identifier`). */
    safetyIdentifier: headers['openai-safety-identifier'] ?? null,
    /** Add it to a moment for Unix time. */
    clockOrigin: performance.timeOrigin,
    openedAt,
    closedAt: closedAt ?? null,
    closeCode: closeCode ?? null,
    heard: {
      bytes: heardBytes,
      sha256: session.heardSha256(),
      firstAt: arrivals.firstAt ?? null,
      lastAt: arrivals.lastAt ?? null,
      pauses: arrivals.pauses,
    },
    items: session.items.map(item => ({
      id: item.id,
      type: item.type,
      role: item.role ?? null,
      status: item.status,
      text: item.text,
      transcript: item.transcript ?? null,
      payload: item.payload,
      tag: item.tag ?? null,
      generatedMs: item.generatedMs,
      rememberedMs: item.audioMs,
      truncatedAtMs: item.truncatedAtMs ?? null,
    })),
    responses,
    speech,
    faults,
    refusals,
  };
}

export type SessionSummary = ReturnType<typeof sessionSummary>;
