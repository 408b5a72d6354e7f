export type Fetch = typeof globalThis.fetch;

/** What is wrong with an answer that is too long. */
export const TOO_MUCH = 'it answers with more than it was asked for';
const WITHOUT_BODY = new Set([204, 205, 304]);
const CHANGES = new Set(['PUT', 'POST', 'DELETE']);

/**
 * `fetch` for a server that may be broken: it asks so many times, and the answers have so many bytes in all, before it rejects. A part of an
 * object, which was asked for by its range, is bounded by whoever reads it.
 */
export function bounded({answers, bytes}: {readonly answers: number; readonly bytes: number}): Fetch {
  let [asked, read] = [0, 0];
  const count = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        read += part.byteLength;
        if (read <= bytes) controller.enqueue(part);
        else controller.error(new Error(TOO_MUCH));
      },
    });
  return async (input, init) => {
    asked += 1;
    if (asked > answers) throw new Error(TOO_MUCH);
    const answer = await fetch(input, init);
    if (answer.ok && new Headers(init?.headers).has('range')) return answer;
    const {status, statusText, headers, body} = answer;
    const counted = body && !WITHOUT_BODY.has(status) ? body.pipeThrough(count()) : null;
    const of = {status, statusText, headers};
    // The client looks at nothing but the status of what it stored or removed. An answer that is not read to its end keeps its
    // connection and its memory.
    if (counted && CHANGES.has(init?.method ?? 'GET')) return new Response(await bytesIn(counted), of);
    return new Response(counted, of);
  };
}

async function bytesIn(body: ReadableStream<Uint8Array>): Promise<ArrayBuffer> {
  return await new Response(body).arrayBuffer();
}
