import {createHash} from 'node:crypto';
import {expect, test} from 'vitest';
import {z} from 'zod';
import {HEADER_BYTES, writeFrameHeader, writeSenderHeader} from '../frame-channel/packet.ts';
import {EdgeToWorker} from './edge-to-worker.ts';
import {WorkerReply, WorkerRequest} from './worker-rpc.ts';
import {PROTOCOL_VERSION} from './protocol-version.ts';
import {WorkerToEdge} from './worker-to-edge.ts';

test('a change of the messages between edge, worker and webhook forces a new protocol version', () => {
  const schemas = [EdgeToWorker, WorkerToEdge, WorkerRequest, WorkerReply].map(schema => z.toJSONSchema(schema));
  const packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from('body')]);
  writeFrameHeader(packet, 16, 1, 2, 7);
  writeSenderHeader(packet, 3, 4, 5, 6);
  const fingerprint = createHash('sha256').update(JSON.stringify(schemas)).update(packet).digest('hex').slice(0, 12);
  // Both lines change together, and the history in protocol-version.ts says why, or why only the first one did.
  expect(fingerprint).toBe('8fd0bbabc37f');
  expect(PROTOCOL_VERSION).toBe(2);
});
